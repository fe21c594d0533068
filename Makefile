# SPDX-License-Identifier: GPL-2.0
# One entry for everything; the work is done by scripts/.
export BUILD_DIR LINUX_SRC T RACE_SECONDS BOOT FROM ONLY PART PARALLEL M

help:
	@echo 'gmem-dma: guest_memfd in-place conversion, a series for Linux 7.3.y'
	@echo
	@echo '  make run         everything from packages to a VM: watch a guest convert its memory'
	@echo '  make test        every test, in VMs; T=PATTERN runs only the tests that match'
	@echo
	@echo '  make tree        build/linux: the base and the series, a commit a patch, a branch a part'
	@echo '  make patches     export the branches of build/linux to patches/'
	@echo '  make check       checkpatch, sparse, W=1, kernel-doc, docs, shellcheck, round trip'
	@echo '  make bisect      every patch builds; KVM and iommufd as =y, =m, unset; arm64 (BOOT=1: boots too)'
	@echo '  make bench       guest instructions per page and call, to bench/results.*'
	@echo '  make shell       the VM with a prompt'
	@echo '  make test-intel  the conversion on kvm_intel, in Bochs: 10 minutes'
	@echo '  make test-more   KVM, iommufd and VFIO as modules, loaded and unloaded'
	@echo '  make test-long   every test under KASAN, races for RACE_SECONDS=600'
	@echo '  make mutate      the tests catch each of tests/mutants/; M=PATTERN only those that match'
	@echo '  make deps        only the packages'
	@echo
	@echo 'LINUX_SRC=  a 7.3.y kernel tree or tarball of yours as the base'
	@echo 'BUILD_DIR=  where everything is built (default: build)'
	@echo 'PARALLEL=1  each CPU of a VM in a thread of its own, in real time: scripts/vm.sh'

deps:
	@scripts/deps.sh

tree:
	@scripts/deps.sh
	@scripts/tree.sh

patches:
	@scripts/export.sh

run: deps
	@scripts/tree.sh --use
	@scripts/run.sh

shell: deps
	@scripts/tree.sh --use
	@scripts/shell.sh

test: deps
	@scripts/tree.sh --use
	@scripts/test.sh

test-long: deps
	@scripts/tree.sh --use
	@KERNEL=kasan SLOW=4 RACE_SECONDS=$(or $(RACE_SECONDS),600) scripts/test.sh

test-intel:
	@scripts/deps.sh intel
	@scripts/tree.sh --use
	@scripts/test.sh intel

test-more: deps
	@scripts/tree.sh --use
	@scripts/test.sh modules

check:
	@scripts/deps.sh check
	@scripts/tree.sh --use
	@scripts/check.sh

bisect:
	@scripts/deps.sh bisect
	@scripts/tree.sh --use
	@scripts/bisect.sh

mutate: deps
	@scripts/tree.sh --use
	@scripts/mutate.sh

bench:
	@scripts/deps.sh bench
	@scripts/tree.sh --use
	@scripts/bench.sh

# One after another, also with -j: they share the build directories.
.NOTPARALLEL:
.PHONY: help deps tree patches run shell test test-intel test-long test-more check bisect mutate bench
