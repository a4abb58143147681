# `make help` lists the targets. Everything that is built lands in build/ and target/.

PREFIX        ?= /usr/local
DESTDIR       ?=
LIBDIR        ?= $(PREFIX)/lib
INCLUDEDIR    ?= $(PREFIX)/include
BINDIR        ?= $(PREFIX)/bin
MANDIR        ?= $(PREFIX)/share/man
PREFIX_SYMBOLS ?=

# Rust's name of another machine or C library to build for, such as x86_64-unknown-linux-musl, with CC, LD, OBJCOPY, STRIP
# and AR to match: tests/cross and tests/musl do it.
TRIPLE   ?=
ifeq ($(TRIPLE),x86_64-unknown-linux-musl)
ifeq ($(origin CC),default)
CC      := musl-gcc
endif
endif
CC      ?= cc
LD      ?= ld
OBJCOPY ?= objcopy
STRIP   ?= strip
CARGO   ?= cargo
# Native code (docs/NATIVE.md) is built in on x86-64 Linux, but not with JIT=0. Other machines have none.
JIT     ?= 1
# More features for the library, such as FEATURES=apicheck. Use a build directory of its own for them.
FEATURES ?=
BUILD    ?= build
TARGET   ?= target

ifneq ($(words $(BUILD) $(TARGET)),2)
$(error BUILD and TARGET must have no spaces: give other directories than "$(BUILD)" and "$(TARGET)")
endif
B       := $(BUILD)
# The number in the name of the shared library is that of Debian's library.
VERSION := 0.0.0
# What leaves the library: the names of Lua 5.2, at the version node LUA_5.2, and those of luax.h, at LIBLUA_RS_1.
LUA_5_2 := src/abi/exports.txt
LIBLUA_RS_1 := src/abi/extension.txt
# Exported functions that the library itself calls by name, so that a host's definition serves it, too: see
# src/api/by_name.rs.
REPLACEABLE := src/abi/replaceable.txt
GEN     := $(B)/gen
EXPORTS := $(GEN)/exports.txt

MACHINE := $(shell $(CC) -dumpmachine)
# Where src/boundary has no assembly, the version in C is taken.
ifeq ($(if $(findstring linux,$(MACHINE)),$(filter x86_64-% aarch64-%,$(MACHINE))),)
override FEATURES += portable-boundary
endif
WITHOUT_JIT := $(if $(filter 0,$(JIT)),--no-default-features)
# Linked so that the result runs with any glibc from 2.17 on: GLIBC= links with what is installed, as distributions may.
GLIBC ?= 2.17
# The compiler for musl may be a wrapper that calls itself one for glibc.
MUSL  := $(findstring musl,$(TRIPLE) $(MACHINE))
STUBS := $(if $(GLIBC),$(if $(findstring linux-gnu,$(MACHINE)),$(if $(MUSL),,$(if $(filter x86_64-% aarch64-%,$(MACHINE)),$(GEN)/glibc))))
# GNU ld damages RISC-V unwind tables when it drops functions from a relocatable object.
GC_IN_OBJECT := $(if $(filter riscv%,$(MACHINE)),,--gc-sections)
CARGO_FOR := $(if $(TRIPLE),--target $(TRIPLE))
CARGO_ENV := CC="$(CC)" AR="$(AR)" \
    $(if $(TRIPLE),CARGO_TARGET_$(shell echo $(TRIPLE) | tr a-z- A-Z_)_LINKER="$(CC)")

# Errors leave the library through C frames above it and pass over frames of ours only in case of a foreign
# exception, but the search for a handler walks all of them: each needs unwind tables.
# The hot paths say themselves what is inlined; a lower threshold for the rest makes the library a tenth smaller and
# no slower. The interpreter's dispatch is duplicated behind each operation, which LLVM does no more for large switches
# unless told so; it is worth 5 to 10 % of the run time for 8 KB. Without the last option base and pc of a frame,
# neighbours in memory, would be loaded as one vector and taken apart again.
LIB_RUSTFLAGS := -C force-unwind-tables=yes -C llvm-args=-inline-threshold=100 \
    -C llvm-args=-tail-dup-pred-size=1000 -C llvm-args=-tail-dup-succ-size=1000 -C no-vectorize-slp $(RUSTFLAGS)

SO     := $(B)/lib/liblua5.2.so
SOXX   := $(B)/lib/liblua5.2-c++.so
A      := $(B)/lib/lib$(PREFIX_SYMBOLS)lua5.2.a
AXX    := $(B)/lib/lib$(PREFIX_SYMBOLS)lua5.2-c++.a
HEADERS := lua.h lauxlib.h lualib.h luaconf.h lua.hpp luax.h
BUILT_HEADERS := $(addprefix $(B)/include/,$(HEADERS))

# `make -s` says nothing; progress of Cargo is for terminals.
say := @$(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,echo)
QUIET := $(shell [ -t 2 ] || echo --quiet)

.PHONY: all lib headers headers-built toolchain programs demo test test-full oracle bench bench-memory install uninstall deb book sbom clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: lib $(BUILT_HEADERS) programs ## the libraries, the headers and the programs, in build/

lib: $(SO) $(SOXX) $(A) $(AXX) ## only the libraries

headers-built: $(BUILT_HEADERS)

# Says in one line what is missing, before anything is done. The programs need a newer Rust than the library, and static
# libraries need no Python.
goals := $(or $(MAKECMDGOALS),all)
toolchain:
	@tools/needs build "$(CARGO)" $(if $(filter-out lib headers-built %.a %.so %.h,$(goals)),programs/)Cargo.toml \
	    "$(CC)" "$(LD)" "$(OBJCOPY)" "$(STRIP)" $(if $(filter-out headers-built %.a %.h,$(goals)),python3)

# --- Rust: one static archive a flavour -----------------------------------------------------------------

# $(1) flavour, $(2) features. Cargo leaves the archive's time alone when nothing changed.
define rust_archive
$(TARGET)/$(1)/$(if $(TRIPLE),$(TRIPLE)/)release/liblua52.a: FORCE | toolchain
	$$(say) "compile  the library for $(3) (half a minute, if it is not up to date)"
	@$(CARGO_ENV) RUSTFLAGS="$(LIB_RUSTFLAGS)" $(CARGO) rustc $(QUIET) --release -p liblua-rs --lib --crate-type staticlib \
	    --config 'profile.release.panic="abort"' $(CARGO_FOR) --target-dir $(TARGET)/$(1) $(WITHOUT_JIT) \
	    --features "freestanding $(2) $(FEATURES)"
endef
$(eval $(call rust_archive,c,,C))
$(eval $(call rust_archive,cxx,cxx,C++))

# --- One object a flavour, in which only the API's names are global --------------------------------------

$(EXPORTS): $(LUA_5_2) $(LIBLUA_RS_1)
	@mkdir -p $(@D)
	@cat $^ > $@

$(GEN)/version.map: $(LUA_5_2) $(LIBLUA_RS_1) Makefile
	@mkdir -p $(@D)
	@{ echo 'LUA_5.2 {'; echo '  global:'; sed 's/.*/    &;/' $(LUA_5_2); echo '  local: *;'; echo '};'; \
	    echo 'LIBLUA_RS_1 {'; echo '  global:'; sed 's/.*/    &;/' $(LIBLUA_RS_1); echo '} LUA_5.2;'; } > $@

# The library's own function has a second name, which no host can take.
$(GEN)/undefined.ld: $(EXPORTS) $(REPLACEABLE) Makefile
	@mkdir -p $(@D)
	@sed 's/.*/EXTERN(&)/' $(EXPORTS) > $@
	@sed 's/.*/lua52_own_& = &;/' $(REPLACEABLE) >> $@

# What the loader may bind to another library's definition. The rest is bound when the shared library is linked.
$(GEN)/dynamic.list: $(REPLACEABLE) Makefile
	@mkdir -p $(@D)
	@{ echo '{'; sed 's/.*/  &;/' $(REPLACEABLE); echo '  lua_ident;'; echo '};'; } > $@

# The archive has members of Rust's core too; what nothing refers to is dropped here. LLVM bitcode, which a
# later link-time optimisation by the host could trip over, is dropped as well. Section groups are dissolved, or a
# linker could take another library's copy of a group and leave ours without the symbol.
$(GEN)/%.o: $(TARGET)/%/$(if $(TRIPLE),$(TRIPLE)/)release/liblua52.a $(GEN)/undefined.ld
	@mkdir -p $(@D)
	$(say) "hide     all names but the API's in $@"
	@$(LD) -r $(GC_IN_OBJECT) --force-group-allocation -o $@.tmp $(GEN)/undefined.ld $<
	@$(OBJCOPY) --keep-global-symbols=$(EXPORTS) --remove-section=.llvmbc --remove-section=.llvmcmd \
	    --remove-section=.note.GNU-stack --add-section .note.GNU-stack=/dev/null \
	    --remove-section=.comment $@.tmp $@
	@rm -f $@.tmp

# --- Shared libraries ------------------------------------------------------------------------------------

# What most programs run lies together, next to the constants and to what the loader reads, since the kernel maps a
# library in pieces of 64 KB: see tools/function-order. All code becomes one section here, because valgrind reads the
# symbols of no other.
$(GEN)/%.order.ld: $(GEN)/%.o $(wildcard tools/function-order/*)
	@tools/function-order/run script $< > $@
$(GEN)/constants.ld: Makefile
	@mkdir -p $(@D)
	@echo 'SECTIONS { .rodata.first : { *(.rodata .rodata.*) } } INSERT BEFORE .text;' > $@
$(GEN)/%.ordered: $(GEN)/%.o $(GEN)/%.order.ld
	@$(LD) -r -T $(GEN)/$*.order.ld -o $@ $<

$(GEN)/glibc/start.o: $(wildcard tools/glibc/*) | toolchain
	@CC="$(CC)" tools/glibc/stubs $(@D)
	@$(CC) -O2 -fPIC -D_LARGEFILE64_SOURCE -c -o $@ tools/glibc/start.c

# $(1) flavour, $(2) name without .so
define shared
$(B)/lib/$(2).so.$(VERSION): $(GEN)/$(1).ordered $(GEN)/version.map $(GEN)/dynamic.list $(GEN)/constants.ld \
    $(addsuffix /start.o,$(STUBS))
	@mkdir -p $$(@D)
	$$(say) "link     $$@"
	@$(CC) -shared -nostartfiles -o $$@ $$< -Wl,-soname,$(2).so.0 -Wl,--version-script=$(GEN)/version.map \
	    -Wl,--gc-sections -Wl,--as-needed -Wl,--no-undefined -Wl,-z,relro -Wl,-z,now -Wl,-z,noseparate-code -Wl,-O1 \
	    -Wl,--build-id $(if $(KEEP_DEBUG),,-Wl,--strip-debug) -Wl,--dynamic-list=$(GEN)/dynamic.list -Wl,-T,$(GEN)/constants.ld $(LDFLAGS) \
	    $(addprefix -L,$(STUBS)) -lm -ldl
	@$(if $(KEEP_DEBUG),,$(STRIP) --strip-unneeded $$@)
$(B)/lib/$(2).so.0: $(B)/lib/$(2).so.$(VERSION)
	@ln -sf $(2).so.$(VERSION) $$@
$(B)/lib/$(2).so: $(B)/lib/$(2).so.0
	@ln -sf $(2).so.$(VERSION) $$@
endef
$(eval $(call shared,c,liblua5.2))
$(eval $(call shared,cxx,liblua5.2-c++))

# --- Static libraries ------------------------------------------------------------------------------------

# All names are weak: a host may define any function of the API itself, and its definition wins.
# With PREFIX_SYMBOLS=my_ each API name gets that prefix, so that a program can carry this library next to
# another Lua; build/include/my_lua_names.h maps the usual names to the new ones.
define static
$(B)/lib/lib$(PREFIX_SYMBOLS)$(2).a: $(GEN)/$(1).o
	@mkdir -p $$(@D) && rm -f $$@
	$$(say) "archive  $$@"
	@cp $$< $(GEN)/$(PREFIX_SYMBOLS)$(2).o
	@$(STRIP) --strip-debug $(GEN)/$(PREFIX_SYMBOLS)$(2).o
	@$(OBJCOPY) --weaken-symbols=$(EXPORTS) $(GEN)/$(PREFIX_SYMBOLS)$(2).o
	@$(if $(PREFIX_SYMBOLS),sed 's/.*/& $(PREFIX_SYMBOLS)&/' $(EXPORTS) > $(GEN)/rename && \
	    $(OBJCOPY) --redefine-syms=$(GEN)/rename $(GEN)/$(PREFIX_SYMBOLS)$(2).o)
	@$(AR) rcsD $$@ $(GEN)/$(PREFIX_SYMBOLS)$(2).o
endef
$(eval $(call static,c,lua5.2))
$(eval $(call static,cxx,lua5.2-c++))

ifneq ($(PREFIX_SYMBOLS),)
lib: $(B)/include/$(PREFIX_SYMBOLS)lua_names.h
$(B)/include/$(PREFIX_SYMBOLS)lua_names.h: $(EXPORTS) Makefile
	@mkdir -p $(@D)
	@{ echo '/* Compile with -DLUA_USER_H=\"$(@F)\" to use the library whose symbols begin with $(PREFIX_SYMBOLS) */'; \
	    sed 's/.*/#define & $(PREFIX_SYMBOLS)&/' $(EXPORTS); } > $@
endif

# --- Headers ---------------------------------------------------------------------------------------------

headers: ## regenerate include/ from src/abi and src/consts.rs
	$(CARGO) run --quiet -p xtask -- headers

$(B)/include/%: include/%
	@mkdir -p $(@D)
	@cp $< $@

# --- Programs --------------------------------------------------------------------------------------------

PROGRAMS := lua luac
BUILT_PROGRAMS := $(addprefix $(B)/bin/,$(PROGRAMS))
PROGRAMS_FEATURES := $(if $(filter portable-boundary,$(FEATURES)),liblua-rs/portable-boundary)

programs: $(BUILT_PROGRAMS) ## the programs, in build/bin

$(TARGET)/programs/$(if $(TRIPLE),$(TRIPLE)/)programs/%: $(B)/lib/liblua5.2.a $(addsuffix /start.o,$(STUBS)) FORCE | toolchain
	$(say) "compile  $*"
	@$(CARGO_ENV) LIBLUA_DIR="$(abspath $(B)/lib)" $(if $(STUBS),LIBLUA_GLIBC="$(abspath $(STUBS))") \
	    $(CARGO) build $(QUIET) --profile programs -p lua-programs $(CARGO_FOR) --target-dir $(TARGET)/programs \
	    --bin $* $(WITHOUT_JIT) --features "$(PROGRAMS_FEATURES)"

$(B)/bin/%: $(TARGET)/programs/$(if $(TRIPLE),$(TRIPLE)/)programs/%
	@mkdir -p $(@D)
	@cp $< $@

# --- Tests and measurements ------------------------------------------------------------------------------

# The reference: a prefix with include/lua5.2 and the library in the system's path.
REFERENCE ?= /usr

demo: ## check or install what is needed, build, run the C examples
	@tools/needs demo
	@$(MAKE) --no-print-directory all
	@c-examples/run $(B)

test: ## what CI runs
	@tools/needs test
	@$(MAKE) --no-print-directory all
	@$(CARGO) run --quiet -p xtask -- test --build $(B)

test-full: ## also the stress builds, valgrind and sanitizers; takes long
	@tools/needs full
	@$(MAKE) --no-print-directory all
	@$(CARGO) run --quiet -p xtask -- test --full --build $(B)

oracle: all ## compare with Debian's Lua 5.2, case by case: 200,000 generated calls and programs, and the corpus
	@tools/needs test
	@tests/oracle/run --full $(B)

bench: all ## measure side by side with Debian's Lua 5.2, write docs/BENCHMARKS.md; QUICK=1 only into build/bench/
	@tools/needs bench
	@mkdir -p $(B)/bench
	@benches/run.py lua $(if $(QUICK),-k 1) --json $(B)/bench/lua.json base=lib: ours=lib:$(B)/lib \
	    interpreter="LIBLUA_JIT=off lib:$(B)/lib" luajit=luajit luajit-interpreter="luajit -joff" \
	    --may-fail luajit,luajit-interpreter; lua=$$?; \
	    benches/run.py capi $(if $(QUICK),-k 1 --ms 8 --reps 2) --json $(B)/bench/capi.json base= ours=$(B)/lib; capi=$$?; \
	    benches/report.py $(B)/bench/lua.json $(B)/bench/capi.json $(if $(QUICK),$(B)/bench --quick,docs) \
	        --library $(B)/lib/liblua5.2.so.0 && [ $$lua$$capi = 00 ]

bench-memory: lib ## footprint, pauses and residence beside Debian's Lua 5.2
	@benches/memory.py "" $(B)/lib

# --- Installation ----------------------------------------------------------------------------------------

# `sudo make install` may have no Cargo; what its user built before is installed then.
install: $(if $(shell command -v $(CARGO)),all) ## into $(DESTDIR)$(PREFIX)
	@packaging/install "$(B)" "$(DESTDIR)" "$(PREFIX)" "$(LIBDIR)" "$(INCLUDEDIR)" "$(BINDIR)" "$(MANDIR)"

uninstall: ## remove what install put there
	@packaging/install --uninstall "$(B)" "$(DESTDIR)" "$(PREFIX)" "$(LIBDIR)" "$(INCLUDEDIR)" "$(BINDIR)" "$(MANDIR)"

deb: all ## build/*.deb, in place of Debian's packages of Lua 5.2
	@tools/needs deb
	@LIBLUA_BUILD="$(B)" LIBLUA_DEBS="$(abspath $(B))" debian/rules clean binary >$(B)/deb.log 2>&1 || \
	    { tail -n 20 $(B)/deb.log >&2; exit 1; }
	@ls $(B)/*.deb

book: ## the documents as pages with search, in build/book
	@mkdir -p $(B) && tools/book "$(B)"

sbom: ## build/sbom.cdx.json, which lists what is compiled into the library and the programs
	@mkdir -p $(B) && tools/sbom > $(B)/sbom.cdx.json

clean: ## remove build/ and target/
	rm -rf $(B) $(TARGET)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

FORCE:
