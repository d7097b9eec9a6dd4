# make help says what there is

NGINX_SRC     = /usr/share/nginx/src
PORT         ?= 19840
CLANG         = clang-14
FUZZ_SECONDS  = 60

SRC           = ngx_http_pserver_module
LIBS          = -lyajl -lsodium -lsecp256k1 -lcrypto -lpcre2-8 -lz

WARNINGS      = -Wall -Wextra -Werror
OPTIMIZE      = -O2 -g
HARDEN        = -fstack-protector-strong -D_FORTIFY_SOURCE=2
SANITIZE      = -fsanitize=address,undefined -fno-sanitize-recover=all \
                -fno-omit-frame-pointer

CPPFLAGS      = -D_GNU_SOURCE -MMD -MP -I$(SRC)
CFLAGS        = -std=c11 $(WARNINGS) $(OPTIMIZE) $(MODE)

# make unit SAN=1: another folder and other flags, the rest is the same

ifdef SAN
OBJ           = build/obj-san
UNIT          = build/unit-san
MODE          = $(SANITIZE)
else
OBJ           = build/obj
UNIT          = build/unit
MODE          = $(HARDEN)
endif

CORE_SRC      = $(wildcard $(SRC)/core/*.c)
CTL_SRC       = $(wildcard $(SRC)/ctl/*.c)
RUN_SRC       = $(wildcard $(SRC)/run/*.c)
MODULE_SRC    = $(wildcard $(SRC)/core/*.[ch] $(SRC)/http/*.[ch])
UNIT_SRC      = $(wildcard t/unit/*_test.c)
FUZZ_SRC      = $(wildcard t/fuzz/fuzz_*.c)

MODULE        = build/ngx_http_pserver_module.so
CTL           = $(if $(CTL_SRC),build/bin/pserverctl)
RUN           = $(if $(RUN_SRC),build/bin/pserver-run)
UNIT_BIN      = $(UNIT_SRC:t/unit/%.c=$(UNIT)/%)
FUZZ_BIN      = $(FUZZ_SRC:t/fuzz/%.c=build/fuzz/%)

export PORT


all: module tools

module: $(if $(wildcard $(SRC)/http/*.c),$(MODULE))

tools: $(CTL) $(RUN)


# the module, with the configured source that goes with the distribution's
# nginx; configure runs again only if the list of files or nginx has changed

build/nginx/inputs: FORCE
	@mkdir -p $(@D)
	@{ ls $(MODULE_SRC); cksum config $(NGINX_SRC)/conf_flags; \
	   cksum $(NGINX_SRC)/src/core/nginx.h; } > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

build/nginx/Makefile: build/nginx/inputs
	scripts/build-nginx configure $(NGINX_SRC) build/nginx

$(MODULE): build/nginx/Makefile $(MODULE_SRC)
	@$(MAKE) -s -C $(NGINX_SRC) -f $(CURDIR)/build/nginx/Makefile modules
	@install -m 644 build/nginx/$(@F) $@


# the tools

$(OBJ)/%.o: $(SRC)/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(OBJ)/core.a: $(CORE_SRC:$(SRC)/%.c=$(OBJ)/%.o)
	@rm -f $@
	@ar rcs $@ $^

build/bin/pserverctl: $(CTL_SRC:$(SRC)/%.c=$(OBJ)/%.o) $(OBJ)/core.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ -lcurl $(LIBS)

# the part of core/ that pserver-run shares; musl makes it 40 KB, not 700

RUN_CORE      = $(SRC)/core/tar.c $(SRC)/core/payload.c
RUN_CC        = $(or $(shell command -v musl-gcc),$(CC))

build/bin/pserver-run: $(RUN_SRC) $(RUN_CORE) $(wildcard $(SRC)/run/*.h \
                       $(SRC)/core/*.h)
	@mkdir -p $(@D)
	$(RUN_CC) -D_GNU_SOURCE -I$(SRC) -std=c11 $(WARNINGS) -Os \
	    -ffunction-sections -fdata-sections -static -s \
	    -Wl,--gc-sections,--build-id=none -o $@ $(RUN_SRC) $(RUN_CORE)


# tests of core/: without nginx

$(UNIT)/%: t/unit/%.c $(OBJ)/core.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -It/unit -o $@ $< $(OBJ)/core.a $(LIBS)

unit: $(UNIT_BIN)
	@scripts/unit $(UNIT_BIN)

build/bench/%: t/bench/%.c $(OBJ)/core.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(OBJ)/core.a $(LIBS)

build/bench/body: t/run/body.c $(OBJ)/core.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(OBJ)/core.a $(LIBS)

build/abi/%: t/abi/%.c $(OBJ)/core.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(OBJ)/core.a $(LIBS)

build/custody/%: t/custody/%.c $(OBJ)/core.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(OBJ)/core.a $(LIBS)

build/fault/fault.so: t/fault/fault.c
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=gnu11 $(WARNINGS) -O2 -g -shared -fPIC -o $@ $<

build/fuzz/obj/%.o: $(SRC)/core/%.c
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) -std=c11 $(WARNINGS) -O1 -g \
	    -fsanitize=fuzzer-no-link $(SANITIZE) -c -o $@ $<

build/fuzz/core.a: $(CORE_SRC:$(SRC)/core/%.c=build/fuzz/obj/%.o)
	@rm -f $@
	@ar rcs $@ $^

build/fuzz/fuzz_%: t/fuzz/fuzz_%.c build/fuzz/core.a
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) -std=c11 $(WARNINGS) -O1 -g \
	    -fsanitize=fuzzer $(SANITIZE) -o $@ $< build/fuzz/core.a $(LIBS)

fuzz:
	@scripts/setup build check
	@$(MAKE) -s $(FUZZ_BIN)
	@scripts/fuzz $(FUZZ_SECONDS) $(FUZZ_BIN)

style:
	@scripts/style


# everything; what it needs is installed first

setup:
	@scripts/setup

test:
	@scripts/test

# jobs once more, with a guard before the engine

guard:
	@PSERVER_GUARD=1 WORKERS=1 scripts/test t/guard.t t/job.t t/operation.t

# jobs once more, with another wall around their containers: the kernel of
# gVisor, or users that are others outside

ATTACKS    = t/abuse.t t/artifacts.t t/warm.t
OPERATIONS = t/operation.t t/run.t

gvisor:
	@scripts/setup build run test gvisor
	@PSERVER_RUNTIME=runsc PSERVER_TEST_DIR=$(CURDIR)/build/gvisor \
	    scripts/test $(ATTACKS)

userns:
	@PSERVER_USERNS=1 PSERVER_TEST_DIR=$(CURDIR)/build/userns \
	    scripts/test $(ATTACKS) $(OPERATIONS)

asan:
	@scripts/asan

# killed at each call by which it changes the disk

fault:
	@EACH=1 VERBOSE=1 SUITE_TIMEOUT=3600 WORKERS=1 scripts/test t/crash.t \
	    t/crash_keys.t

# with jobs under way the engine goes away for a minute, nginx is upgraded, and
# reloads at each call by which a job changes the disk;
# FAULTS="engine upgrade", ENGINE_AWAY=3, EACH=8: only some, shorter

FAULTS       ?= engine upgrade reload

engine-faults: export ENGINE_AWAY ?= 60
engine-faults: export EACH ?= 1

engine-faults:
	@WORKERS="1 4" scripts/test $(FAULTS:%=t/fault/%.t)

# another version of nginx, from its source

versions:
	@scripts/versions

# the memory of a worker over this many requests

soak:
	@SOAK=100000 SUITE_TIMEOUT=7200 VERBOSE=1 WORKERS=1 scripts/test t/soak.t

# bodies of a GiB, to the store and through a gate

large:
	@LARGE=1024 SUITE_TIMEOUT=7200 VERBOSE=1 WORKERS=4 scripts/test \
	    t/large.t t/signed.t

quickstart:
	@scripts/quickstart

stop:
	@scripts/quickstart stop

bench:
	@scripts/bench

clean:
	rm -rf build t/servroot*

help:
	@echo 'make              the module, pserverctl and pserver-run, in build/'
	@echo 'make quickstart   the main job end to end, on this machine'
	@echo 'make stop         stop what quickstart has started'
	@echo 'make test         every test (installs what it needs)'
	@echo 'make guard        the suites of jobs, with a guard before the engine'
	@echo 'make gvisor       the suites of attacks, in containers of gVisor'
	@echo 'make userns       the same, with userns-remap'
	@echo 'make unit         tests of core/ only; SAN=1: with sanitizers'
	@echo 'make fuzz         each parser for FUZZ_SECONDS=$(FUZZ_SECONDS)'
	@echo 'make asan         all suites under ASan and UBSan'
	@echo 'make fault        killed at each call that changes the disk'
	@echo 'make engine-faults  operations while engine and nginx go and come'
	@echo 'make soak         the memory of a worker over 100000 requests'
	@echo 'make large        bodies of 1 GiB, stored and through a gate'
	@echo 'make versions     all suites with the nginx of Debian 13'
	@echo 'make style        the form of the source'
	@echo 'make bench        figures, against what they are held against'
	@echo 'make setup        install packages only'
	@echo 'make clean        remove build/'
	@echo 'PORT=$(PORT)        the first of the ports that tests use'


-include $(shell find build -name '*.d' 2>/dev/null)

FORCE:

.PHONY: all module tools unit fuzz fault engine-faults soak large versions style \
    setup test guard gvisor userns asan quickstart stop bench clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:
