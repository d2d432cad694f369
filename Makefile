# Everything works in a fresh clone: `make demo` needs Go alone, `make test`
# installs what else it needs where it may (scripts/deps).

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build demo deps fmt vet lint unit race test bench fuzz clean

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

# Opus is libopus, by cgo. Where its header is not there the gateway is built without, so
# that Go alone is enough; CGO_ENABLED=1 or 0 settles it.
ifeq ($(origin CGO_ENABLED), undefined)
export CGO_ENABLED := $(shell echo '\#include <opus/opus.h>' | $${CC:-cc} -E - >/dev/null 2>&1 && echo 1 || echo 0)
anew = env -u CGO_ENABLED
endif

# The packages with goroutines: what the race detector can say something about.
CONCURRENT = ./bridge/... ./gateway/... ./internal/... ./rtp/... ./sip ./sip/transport

# What `make bench` and `make fuzz` can be told: make fuzz FUZZTIME=5m
BENCH ?= .
FUZZTIME ?= 30s

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## bin/tandem
	@mkdir -p bin
	go build -trimpath -ldflags "-X github.com/tandem-gateway/tandem/gateway.Version=$(VERSION)" -o bin/tandem ./cmd/tandem

demo: build ## one call through the gateway, with a built-in phone and carrier
	@bin/tandem demo

deps: ## what the tests need: installed as root on Debian, else named
	@scripts/deps

test: deps ## everything that CI runs
	@$(anew) $(MAKE) --no-print-directory lint build unit race # deps may have brought libopus

lint: fmt vet ## gofmt, go vet, and the rules of the design
	@echo "== the rules of the design"
	@go test ./internal/archtest

fmt:
	@echo "== gofmt"
	@files=$$("$$(go env GOROOT)/bin/gofmt" -l .) && test -z "$$files" || { echo "gofmt would change (gofmt -w .):" $$files; exit 1; }

vet:
	@echo "== go vet"
	@go vet ./...

unit:
	@echo "== tests, with real peers"
	@go test -timeout 15m ./...

race: ## the tests of the concurrent packages under the race detector
	@echo "== tests under the race detector"
	@go test -race -timeout 15m $$(go list $(CONCURRENT))

bench: build ## the hot paths, then the binary under load
	@echo "== hot paths"
	@go test -run '^$$' -bench '$(BENCH)' -benchmem $$(grep -rlE --include='*_test.go' '^func Benchmark' . | xargs -n 1 dirname | sort -u)
	@if [ -d test/bench ]; then scripts/deps && echo "== the binary under load" && go run ./test/bench; fi

fuzz: ## every fuzz target, FUZZTIME (30s) each
	@FUZZTIME=$(FUZZTIME) scripts/fuzz

clean: ## removes what was built
	rm -rf bin
