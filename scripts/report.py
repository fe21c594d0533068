#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judges test runs: report.py KERNEL-TREE LISTS-DIR LANE-DIR...

KTAP is read by the kernel's own parser, the one of `kunit.py parse`: the
results of the programs from ktap.log, those of KUnit from console.log. On top
of that a failure is: a listed test without a result, a required KUnit suite
without a result, a kernel report in console.log, a VM that had to be stopped.
"""
import os
import re
import sys

REPORT = re.compile(
    r'WARNING:|BUG:|BUG |kernel BUG at|Oops|general protection fault|Kernel panic|'
    r'INFO: (task|rcu|trying|lockdep)|rcu:.*(stall|INFO)|self-detected stall|'
    r'UBSAN:|KASAN:|KCSAN:|KFENCE:|unreferenced object|refcount_t:|Bad page|'
    r'(circular|recursive) locking|inconsistent lock|bad unlock balance|'
    r'held lock freed|still has locks|invalid wait context|suspicious RCU|'
    r'sleeping function|scheduling while atomic|soft lockup|hard LOCKUP|'
    r'corruption|Out of memory:|unable to handle|stack-protector|leaked|'
    # DMA that was blocked
    r'DMAR: \[|AMD-Vi: Event logged|virtio_iommu \S+: \w+ .*fault')
# What tests bring about on purpose, by the name of the test: poisoned pages
# reach their users, a host fault runs out of memory that was made to fail, and
# DMA to private pages is blocked. And of Bochs at boot: the CPU has eight cores
# by CPUID's leaf 4, and room for one by leaf 1.
EXPECTED = re.compile(
    r'(memory_failure_test|convert_test|kvm_gmem|dma_test)\b.*Memory failure: 0x\w+: '
    r'Sending SIGBUS to \S+ due to hardware memory corruption|'
    r'convert_test\b.*MCE: Killing \S+ due to hardware memory corruption|'
    r'(dma_test|dma_race_test|dma_race_checker|gmem-vmm-device)\b.*'
    r'(DMAR: \[DMA (Read|Write) NO_PASID\] Request device \[0000:00:0[89]\.0\]|'
    r'virtio_iommu \S+: page fault from EP (64|72) )|'
    r'fail_nth_test\b.*Huh VM_FAULT_OOM leaked out to the #PF handler|'
    r'boot\b.*WARNING: \S+/topology_common\.c:\d+ at parse_legacy\b')
SAYS_WHY = re.compile(r'Expected|EXPECT|ASSERT|Assert|exit status|killed:|not found|FAILED')
EXCERPT = 60    # lines of the kernel's log to show from its first report on
MARK = re.compile(r'gmem-dma: (begin|end) (\S+)')


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path, errors='replace') as f:
        return [line.rstrip('\r\n') for line in f]


def entries(path):
    """Lines of a list, without comments and empty ones."""
    stripped = (line.split('#')[0].strip() for line in lines_of(path))
    return [line for line in stripped if line]


class Results:
    def __init__(self):
        self.passed, self.failed, self.skipped = {}, {}, {}
        self.excerpts = []

    def fail(self, name, why):
        self.failed.setdefault(name, why)

    def walk(self, test, path, parser):
        """Counts the leaves below test; true if one of them is bad."""
        if not test.subtests:
            log = [line.strip('# ') for line in test.log if line.strip('# ')]
            why = next((line for line in log if SAYS_WHY.search(line)), log[-1] if log else '')
            if test.status == parser.TestStatus.SUCCESS:
                self.passed[path] = ''
            elif test.status == parser.TestStatus.SKIPPED:
                self.skipped[path] = test.skip_reason
            else:
                self.fail(path, why or test.status.name)
            return path in self.failed
        # A list, not a generator: every subtest is to be counted.
        bad = any([self.walk(sub, f'{path}:{sub.name or "(no result)"}', parser)
                   for sub in test.subtests])
        if not bad and not test.ok_status():
            self.fail(path, 'it failed, though none of its subtests did')
            bad = True
        return bad

    def lane(self, lane_dir, parser, printer):
        ktap = lines_of(f'{lane_dir}/ktap.log')
        main = parser.parse_run_tests(ktap, printer)
        seen = set()
        for test in main.subtests:
            if test.name:
                seen.add(test.name)
                self.walk(test, test.name, parser)
        for line in entries(f'{lane_dir}/tests'):
            name = line.split()[0]
            if name not in seen:
                self.fail(name, 'missing: it gave no result')

        console = lines_of(f'{lane_dir}/console.log')
        suites = {}
        if any('KTAP version' in line for line in console):
            kunit = parser.parse_run_tests(console, printer)
            suites = {s.name: s for s in kunit.subtests if s.name}
        for name, suite in suites.items():
            self.walk(suite, f'kunit:{name}', parser)
        for name in entries(f'{lane_dir}/kunit'):
            if name not in suites:
                self.fail(f'kunit:{name}', 'missing: the suite did not run')

        current = 'boot'
        for number, line in enumerate(console):
            mark = MARK.search(line)
            if mark:
                current = mark[2] if mark[1] == 'begin' else f'after {mark[2]}'
            elif REPORT.search(line) and not EXPECTED.search(f'{current} {line}'):
                name = f'{current}:dmesg'
                if name not in self.failed:
                    self.excerpts.append((name, console[number:number + EXCERPT]))
                self.fail(name, line)
        if os.path.exists(f'{lane_dir}/problem'):
            self.fail(f'{os.path.basename(lane_dir)}:vm',
                      lines_of(f'{lane_dir}/problem')[0])


def main():
    tree, lists, *lanes = sys.argv[1:]
    sys.path.insert(0, f'{tree}/tools/testing/kunit')
    import kunit_parser as parser
    from kunit_printer import Printer

    results = Results()
    for lane_dir in lanes:
        results.lane(lane_dir, parser, Printer(print=False))

    known = dict((line.split(None, 1) + [''])[:2]
                 for line in entries(f'{lists}/known-failures'))
    for name, why in results.skipped.items():
        print(f'skipped: {name}: {why}')
    for name, why in list(results.failed.items()):
        if name in known:
            print(f'known failure: {name}: {known[name]}')
            del results.failed[name]
    for name in known:
        if name in results.passed:
            results.fail(name, 'it passes, but tests/known-failures lists it')
            del results.passed[name]
    for name, lines in results.excerpts:
        print(f'--- {name}')
        print(*(f'| {line}' for line in lines), sep='\n')
    for name, why in results.failed.items():
        print(f'FAILED: {name}: {why}')
    print(f'{len(results.passed)} passed, {len(results.failed)} failed, '
          f'{len(results.skipped)} skipped')
    sys.exit(1 if results.failed or not results.passed else 0)


main()
