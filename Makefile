# iommu-spy: the front door. `make demo` and `make test` install what they need and say so.

PREFIX  ?= /usr/local
RID     := linux-x64
PUBLISH := artifacts/publish
INSTRUCTIONS := $(if $(shell grep -m 1 -ow avx2 /proc/cpuinfo),x86-64-v3)
SOURCES := $(shell find src -name '*.cs' -o -name '*.c' -o -name '*.csproj') Directory.Build.props Directory.Packages.props
TESTS   := $(sort $(wildcard tests/*.Tests/*.csproj))

export DOTNET_CLI_TELEMETRY_OPTOUT = 1
export DOTNET_NOLOGO = 1

.PHONY: all demo test check fresh-test bench bench-answers fuzz mutate hostile deb deb-test pack tool-test docs tutorial screenshots install uninstall clean packages format

all: iommu-spy

# NativeAOT: one file, no .NET needed to run it. gcc links it, and wants zlib's headers. Analyzers run with the tests.
# For processors like this one: AVX2 makes the scanners faster, and is hidden from them unless asked for.
iommu-spy: $(SOURCES) | packages
	dotnet publish src/IommuSpy.Cli -c Release -r $(RID) -o $(PUBLISH) -p:RunAnalyzers=false -p:CppCompilerAndLinker=gcc -p:IlcInstructionSet=$(INSTRUCTIONS) --verbosity quiet
	install -m 755 $(PUBLISH)/iommu-spy $@
	ln -sf iommu-spy dev_mem

# The one to copy to other machines: no .NET, no C library, an initramfs will do; any x86-64 processor with cmpxchg16b (all since 2006), Linux from 3.16.
iommu-spy-static: $(SOURCES) | packages
	@./packages.sh static
	dotnet publish src/IommuSpy.Cli -c Release -r $(RID) -o $(PUBLISH)-static -p:RunAnalyzers=false -p:StaticExecutable=true --verbosity quiet
	install -m 755 $(PUBLISH)-static/iommu-spy $@

# Debian packages that building needs and this machine lacks (packages.txt).
packages:
	@./packages.sh build

demo: iommu-spy
	@./demo.sh

# Pictures of the explorer's views and of a report, light and dark, at 1280x800: artifacts/screenshots.
screenshots: iommu-spy
	@./packages.sh lab test
	@./docs/screenshots.sh "$$(dotnet run --project lab --verbosity quiet -- capture --kernel 6.1 --iommu intel --paging 4 --memory 512M | tail -n 1)"

# Style, then every test project, then one line that sums them up. GUESTS=all: live tests on the kernels between the oldest and the newest, too.
test: iommu-spy iommu-spy-static
	@./packages.sh lab test
	@GUESTS=$(GUESTS) ./test.sh $(TESTS)

# For people who change a line: style, the unit tests, and the command on one guest, without NativeAOT.
check: packages
	@./packages.sh lab test
	@GUESTS=one ./test.sh $(TESTS)

# demo and test as the README says, on a clean Debian that has nothing but the SDK: SUITE=bookworm or trixie.
fresh-test:
	@./fresh-test.sh

bench: iommu-spy
	@./bench/run.sh

# From the start of a process to the end of its answer: every command, on raw, ELF and kdump. On an idle machine; MEMORIES=512M, PEERS=all.
bench-answers: iommu-spy
	@./bench/answers.sh

# Spoiled input for one reader for a time: make fuzz TARGET=kdump-zlib TIME=600. TARGET=list names them.
TARGET ?= formats
TIME   ?= 60
fuzz:
	@dotnet run --project tests/IommuSpy.Fuzz -c Release -v q -- $(TARGET) $(if $(filter list,$(TARGET)),,$(TIME))

# The whole program over COUNT spoiled captures.
COUNT ?= 1000
mutate: iommu-spy
	@./packages.sh bench
	@dotnet run --project tests/IommuSpy.Fuzz -c Release -v q -- cli ./iommu-spy $(COUNT)

# Every known attack on the program under its limits of 30 s and 1 GiB, from forged memory, files and servers; ATTACKS= for some of them.
hostile: iommu-spy
	@./packages.sh lab hostile
	@./hostile/run.sh $(ATTACKS)

# Debian packages of the static program and of su-devmem, for every Debian; and a try of them on a clean one (DKMS=1 for the module's, too).
deb: iommu-spy-static
	@./packaging/deb.sh artifacts

deb-test: deb
	@./packaging/deb-test.sh artifacts/iommu-spy_*_amd64.deb artifacts/iommu-spy-dkms_*_all.deb

# The library and the program as a .NET tool: dotnet tool install iommu-spy --add-source artifacts/packages; samples/ use the library from there.
pack: | packages
	@rm -f artifacts/packages/*.nupkg
	dotnet pack src/IommuSpy -c Release -p:RunAnalyzers=false -o artifacts/packages --verbosity quiet
	dotnet pack src/IommuSpy.Cli -c Release -p:PublishAot=false -p:RunAnalyzers=false -o artifacts/packages --verbosity quiet
	@ls artifacts/packages/*.nupkg

# The documentation as pages for a browser, with the library's reference: artifacts/docs/site/index.html.
docs:
	@rm -rf artifacts/docs
	dotnet publish src/IommuSpy -c Release -p:RunAnalyzers=false -o artifacts/docs/library --verbosity quiet
	@dotnet tool restore --verbosity quiet
	dotnet docfx docs/docfx.json --warningsAsErrors
	@echo artifacts/docs/site/index.html

# docs/tutorial.md anew: every command of it is run on a guest's memory.
tutorial: iommu-spy
	@./docs/tutorial.sh "$$(dotnet run --project lab --verbosity quiet -- capture --kernel 6.1 --iommu intel --paging 4 --memory 512M | tail -n 1)"

tool-test: pack iommu-spy
	@./packaging/tool-test.sh

format:
	dotnet format --verify-no-changes

# PROGRAM=iommu-spy-static installs that one.
PROGRAM ?= iommu-spy
SHARE   := $(DESTDIR)$(PREFIX)/share
install: $(PROGRAM)
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/iommu-spy
	ln -sf iommu-spy $(DESTDIR)$(PREFIX)/bin/dev_mem
	install -d $(SHARE)/man/man1 $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	./$(PROGRAM) man > $(SHARE)/man/man1/iommu-spy.1
	./$(PROGRAM) completion bash > $(SHARE)/bash-completion/completions/iommu-spy
	./$(PROGRAM) completion zsh > $(SHARE)/zsh/site-functions/_iommu-spy
	./$(PROGRAM) completion fish > $(SHARE)/fish/vendor_completions.d/iommu-spy.fish

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/iommu-spy $(DESTDIR)$(PREFIX)/bin/dev_mem $(SHARE)/man/man1/iommu-spy.1 $(SHARE)/bash-completion/completions/iommu-spy \
		$(SHARE)/zsh/site-functions/_iommu-spy $(SHARE)/fish/vendor_completions.d/iommu-spy.fish

clean:
	rm -rf iommu-spy iommu-spy-static dev_mem $(PUBLISH) $(PUBLISH)-static BenchmarkDotNet.Artifacts
	find src tests lab bench -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
