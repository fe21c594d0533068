# SPDX-License-Identifier: GPL-2.0
# Reads lines "BENCH key=value ..." of gmem-bench, prints the tables and whether
# the targets are met, and leaves the plot's data in the directory `data`.

function size_name(bytes,   n, unit) {
	split("KiB MiB GiB TiB", unit, " ")
	bytes /= 1024
	for (n = 1; bytes >= 1024; n++)
		bytes /= 1024
	return bytes " " unit[n]
}

# 1234567 -> 1,234,567
function number(x,   s, tail) {
	if (x < 0)
		return "-" number(-x)
	for (s = sprintf("%.0f", x); length(s) > 3; s = substr(s, 1, length(s) - 3))
		tail = "," substr(s, length(s) - 2) tail
	return s tail
}

# 0 is what does not exist, e.g. discarding when nothing is discarded.
function cell(x) {
	return x == 0 ? "-" : number(x)
}

function check(ok, text) {
	printf("  %s  %s\n", ok ? "pass" : "FAIL", text)
	if (!ok)
		missed = 1
}

# The longest of what was measured beside conversions: of all sizes in a, of the first
# size in b, of the last one in c.
function longest(list, table, what,   i, k, x) {
	first = names[list "_size", 1]
	last = names[list "_size", count[list "_size"]]
	a = b = c = 0
	for (k = 1; k <= count[list]; k++) {
		for (i = 1; i <= count[list "_size"]; i++) {
			x = table[names[list, k], names[list "_size", i], what]
			a = x > a ? x : a
			if (names[list "_size", i] == first)
				b = x > b ? x : b
			if (names[list "_size", i] == last)
				c = x > c ? x : c
		}
	}
}

# Lists of the values seen, in their order.
function remember(list, value) {
	if (!((list, value) in seen)) {
		seen[list, value] = 1
		names[list, ++count[list]] = value
	}
}

$1 == "BENCH" {
	for (k in v)
		delete v[k]
	for (i = 2; i <= NF; i++) {
		split($i, kv, "=")
		v[kv[1]] = kv[2]
	}
	test = v["test"]
	if (test == "clock") {
		kernel = v["kernel"] (v["lockdep"] ? " with lockdep" : " without debug options")
		clock = v["ns_per_1000_instructions"] / 1000
	} else if (test == "populated" || test == "empty") {
		key = test SUBSEP v["way"] SUBSEP v["size"]
		remember(test, v["size"])
		for (k in v)
			cost[key, k] = v[k]
		calls[key] = v["s_convert"] + v["p_convert"] + v["s_discard"] + v["p_discard"]
		trip[key] = calls[key] + v["s_touch"] + v["s_fault"] + v["p_fault"]
		have[key] = 1
	} else if (test == "first_access") {
		for (k in v)
			fresh[v["way"], k] = v[k]
	} else if (test == "one_page") {
		for (k in v)
			one[v["way"], k] = v[k]
	} else if (test == "alternate") {
		remember("alternate", v["from"])
		alternate[v["order"], v["to"], v["from"]] = v["per_call"]
		runs[v["from"]] = 2 * (v["from"] + v["calls"])
	} else if (test == "tree") {
		tree[v["order"]] = v["bytes"]
		tree_runs[v["order"]] = v["runs"]
		tree_rest[v["order"]] = v["bytes_when_merged"]
		tree_source = v["source"]
	} else if (test == "device_map") {
		remember("device_map", v["layout"] " " v["size"])
		map[v["way"], v["layout"] " " v["size"]] = v["map"]
		unmap[v["way"], v["layout"] " " v["size"]] = v["unmap"]
	} else if (test == "device_convert") {
		key = (v["way"] == "inplace-2m" ? "blocks" SUBSEP : "") v["mapped"] SUBSEP v["others"]
		device_size = v["size"]
		to_private[key] = v["to_private"]
		to_shared[key] = v["to_shared"]
		flushes[key] = v["flushes"]
	} else if (test == "fragmented") {
		fragmented_runs = v["runs"]
		fragmented[v["populated"], v["to"]] = v["cost"]
		refault[v["populated"], v["to"]] = v["refault"]
	} else if (test == "signals") {
		signals_size = v["size"]
		signals_nr = v["conversions"]
		signals_alone = v["alone"]
		signals_cost = v["signals"]
	} else if (test == "stall") {
		key = v["runs"] SUBSEP v["follow"] SUBSEP v["to"]
		remember("stall", key)
		remember("stall_size", v["size"])
		for (k in v)
			stall[key, v["size"], k] = v[k]
		if (!least || v["accesses"] < least)
			least = v["accesses"]
	} else if (test == "stop") {
		key = v["runs"] SUBSEP v["to"]
		remember("stop", key)
		remember("stop_size", v["size"])
		stop[key, v["size"], "memslot"] = v["memslot"]
		stop[key, v["size"], "signal"] = v["signal"]
		stopped[key, v["size"]] = v["stopped"]
		if (v["alone"] > memslot_alone)
			memslot_alone = v["alone"]
		if (!fewest_set || v["stopped"] < fewest) {
			fewest_set = 1
			fewest = v["stopped"]
		}
	} else if (test == "kill") {
		remember("kill", v["to"] SUBSEP v["size"])
		remember("kill_point", v["point"])
		key = v["to"] SUBSEP v["size"]
		kill_cost[key] = v["cost"]
		kill_rest[key, v["point"]] = v["rest"]
		kill_done[key, v["point"]] = v["done"]
		# Before COMMIT, nothing has changed, and the process is gone at once.
		if (!v["done"] && v["rest"] > kill_prepare)
			kill_prepare = v["rest"]
		if (!v["done"])
			kill_refused[v["to"]]++
		if (v["done"] && v["rest"] > kill_commit)
			kill_commit = v["rest"]
	} else if (test == "done") {
		done = 1
	}
}

END {
	if (!kernel) {
		print "report: no line of gmem-bench in the log" > "/dev/stderr"
		exit 2
	}
	split("inplace base base-thp inplace-2m", way, " ")
	name["inplace-2m"] = "blocks"
	name["inplace"] = "in place"
	name["base"] = "base"
	name["base-thp"] = "base, THP"
	columns = split("s_convert s_discard s_touch s_fault p_convert p_discard p_fault", column, " ")

	print "What a conversion costs, in guest instructions. Made by `make bench`: one boot of"
	printf("Linux %s, QEMU TCG with -icount shift=0 (1 instruction = %.3f ns).\n",
	       kernel, clock)
	print ""
	print "in place   KVM_GMEM_CONVERT_SHARED/PRIVATE on a convertible guest_memfd"
	print "blocks     the same, with GUEST_MEMFD_FLAG_HUGE_2M"
	print "base       guest_memfd + anonymous memory: KVM_SET_MEMORY_ATTRIBUTES, then PUNCH_HOLE"
	print "           or MADV_DONTNEED on the side that is given up (THP: shared side in huge pages)"
	print "touch      the host writes to every shared page"
	print "fault      KVM_PRE_FAULT_MEMORY maps every page in the guest"
	print ""
	print "1. Populated memory, private to shared and back, per 4 KiB page"
	print ""
	printf("%-8s %-10s|%32s |%24s |%8s %6s\n", "", "", "to shared            ",
	       "to private       ", "round", "of")
	printf("%-8s %-10s|%8s%8s%8s%8s |%8s%8s%8s |%8s %6s\n", "size", "way", "convert",
	       "discard", "touch", "fault", "convert", "discard", "fault", "trip", "base")
	for (s = 1; s <= count["populated"]; s++) {
		size = names["populated", s]
		pages = size / 4096
		base = "populated" SUBSEP "base" SUBSEP size
		for (w = 1; w <= 4; w++) {
			key = "populated" SUBSEP way[w] SUBSEP size
			if (!(key in have))
				continue
			printf("%-8s %-10s|", size_name(size), name[way[w]])
			for (c = 1; c <= columns; c++)
				printf("%8s%s", cell(cost[key, column[c]] / pages),
				       c == 4 || c == 7 ? " |" : "")
			printf("%8s %5.2f\n", number(trip[key] / pages), trip[key] / trip[base])
			print size, trip[key] / pages, calls[key] / pages > (data "/populated-" way[w])
		}
	}

	if (("inplace-2m", "cost") in fresh) {
		print ""
		printf("First access by a vCPU, %s: %s a page in place, %s in blocks; mapped by %s and %s entries,\n",
		       size_name(fresh["inplace-2m", "size"]), number(fresh["inplace", "cost"] / (fresh["inplace", "size"] / 4096)),
		       number(fresh["inplace-2m", "cost"] / (fresh["inplace-2m", "size"] / 4096)),
		       number(fresh["inplace", "pages_2m"] + fresh["inplace", "pages_4k"]),
		       number(fresh["inplace-2m", "pages_2m"] + fresh["inplace-2m", "pages_4k"]))
		printf("with %s and %s bytes of page tables per 2 MiB.\n",
		       number(fresh["inplace", "tables"] / (fresh["inplace", "size"] / 2097152)),
		       number(fresh["inplace-2m", "tables"] / (fresh["inplace-2m", "size"] / 2097152)))
		printf("One page within 2 MiB, there and back, with touch and faults: %s in place, in blocks %s, then %s.\n",
		       number(one["inplace", "repeated"]), number(one["inplace-2m", "first"]), number(one["inplace-2m", "repeated"]))
	}

	print ""
	print "2. Nothing populated: the calls alone, per call (slot: 1 TiB in place, 1 GiB base)"
	print ""
	printf("%-8s |%25s |%25s\n", "", "in place         ", "base           ")
	printf("%-8s |%12s %12s |%12s %12s\n", "size", "to shared", "to private", "to shared",
	       "to private")
	for (i = 1; i <= count["empty"]; i++)
		order[i] = names["empty", i] + 0
	for (i = 2; i <= count["empty"]; i++)
		for (j = i; j > 1 && order[j] < order[j - 1]; j--) {
			k = order[j]; order[j] = order[j - 1]; order[j - 1] = k
		}
	for (i = 1; i <= count["empty"]; i++) {
		size = sprintf("%.0f", order[i])
		printf("%-8s |", size_name(size))
		for (w = 1; w <= 2; w++) {
			key = "empty" SUBSEP way[w] SUBSEP size
			printf("%12s %12s%s", cell(cost[key, "s_convert"]), cell(cost[key, "p_convert"]),
			       w == 1 ? " |" : "\n")
			if (key in have)
				print size, calls[key] / 2 > (data "/empty-" way[w])
		}
	}

	if (count["alternate"]) {
		print ""
		print "3. Every second page of 1 GiB, one call each: per call, as the number of runs grows"
		print "   (two runs for each page converted; then back to private, when they merge)"
		print ""
		printf("%-17s |%21s |%21s\n", "", "ascending order   ", "random order    ")
		printf("%-17s |%10s %10s |%10s %10s\n", "up to runs", "to shared", "to private",
		       "to shared", "to private")
		for (i = 1; i <= count["alternate"]; i++) {
			from = names["alternate", i]
			a = alternate["ascending", "shared", from]
			b = alternate["random", "shared", from]
			printf("%-17s |%10s %10s |%10s %10s\n", number(runs[from]), number(a),
			       number(alternate["ascending", "private", from]), number(b),
			       number(alternate["random", "private", from]))
			print runs[from], a, b > (data "/alternate")
		}
		print ""
		for (k = 1; k <= 2; k++) {
			o = k == 1 ? "ascending" : "random"
			if (o in tree)
				printf("Tree after %s runs in %s order: %s bytes, %.1f a run; %s bytes when all is merged (%s).\n",
				       number(tree_runs[o]), o, number(tree[o]), tree[o] / tree_runs[o],
				       number(tree_rest[o]), tree_source)
		}
	}

	if (count["device_map"]) {
		print ""
		print "4. Devices (VT-d), per 4 KiB page: mapping memory that is there, and taking it away"
		print "   memfd: IOMMU_IOAS_MAP_FILE, pinned; gmem: IOMMU_IOAS_MAP_GMEM, not pinned"
		print ""
		printf("%-19s |%21s |%21s\n", "", "memfd         ", "gmem         ")
		printf("%-19s |%10s %10s |%10s %10s\n", "physical memory", "map", "unmap", "map", "unmap")
		for (i = 1; i <= count["device_map"]; i++) {
			k = names["device_map", i]
			split(k, kv, " ")
			pages = kv[2] / 4096
			printf("%-19s |%10s %10s |%10s %10s\n", kv[1] " " size_name(kv[2]),
			       number(map["memfd", k] / pages), number(unmap["memfd", k] / pages),
			       number(map["gmem", k] / pages), number(unmap["gmem", k] / pages))
		}
		print ""
		printf("   Converting %s that the guest has mapped, with users (IOAS mappings, FOLLOW):\n", size_name(device_size))
		print ""
		printf("%-34s |%10s %10s |%8s\n", "", "to private", "to shared", "flushes")
		for (i = 0; i < 4; i++) {
			key = (i > 1 ? 1 : 0) SUBSEP (i % 2 ? 64 : 0)
			pages = device_size / 4096
			printf("%-34s |%10s %10s |%8s\n",
			       (i > 1 ? "one of this memory" : "none of this memory") (i % 2 ? ", 64 of other" : ""),
			       number(to_private[key] / pages), number(to_shared[key] / pages), flushes[key])
		}
	}

	if (signals_nr) {
		print ""
		print "5. One call over memory of which every second page changes, and calls under signals"
		print ""
		printf("%s runs, nothing populated: %s to private, %s to shared\n", number(fragmented_runs),
		       number(fragmented[0, "private"]), number(fragmented[0, "shared"]))
		printf("%s runs, populated:         %s to private, %s to shared; then %s and %s to fault in what was unmapped\n",
		       number(fragmented_runs), number(fragmented[1, "private"]), number(fragmented[1, "shared"]),
		       number(refault[1, "private"]), number(refault[1, "shared"]))
		printf("%s conversions of %s populated: %s, with a signal every 1,000,000 instructions %s\n",
		       number(signals_nr), size_name(signals_size), number(signals_alone), number(signals_cost))
	}

	if (count["stall"]) {
		split("fault host query mmap lookup", what, " ")
		nr_what = stall[names["stall", 1], names["stall_size", 1], "lookup"] ? 5 : 4
		print ""
		print "6. Elsewhere in the file, while populated memory is converted: the longest of"
		print "   a vCPU's fault, a host access, KVM_GMEM_QUERY, mmap() of other memory while a"
		print "   thread waits for a page that becomes shared, mapping a page for a device"
		print ""
		printf("%-49s", "")
		for (i = 1; i <= count["stall_size"]; i++)
			printf(" |%40s", size_name(names["stall_size", i]) "                 ")
		printf("\n%-49s", "")
		for (i = 1; i <= count["stall_size"]; i++)
			printf(" |%8s%8s%8s%8s%8s", "fault", "host", "query", "mmap", "map")
		printf("\n")
		for (k = 1; k <= count["stall"]; k++) {
			key = names["stall", k]
			split(key, kv, SUBSEP)
			printf("%-49s", "to " kv[3] (kv[1] ? ", every second page" : "") (kv[2] ? ", mapped with FOLLOW" : ""))
			for (i = 1; i <= count["stall_size"]; i++) {
				printf(" |")
				for (j = 1; j <= 5; j++)
					printf("%8s", cell(stall[key, names["stall_size", i], what[j]]))
			}
			printf("\n")
		}
	}

	if (count["stop"]) {
		print ""
		print "   Another memslot that is added or removed, and from a signal to a vCPU that faults"
		print "   inside of the range until it is out of KVM_RUN: the longest"
		print ""
		printf("%-49s", "")
		for (i = 1; i <= count["stop_size"]; i++)
			printf(" |%20s", size_name(names["stop_size", i]) "       ")
		printf("\n%-49s", "")
		for (i = 1; i <= count["stop_size"]; i++)
			printf(" |%10s%10s", "memslot", "signal")
		printf("\n")
		for (k = 1; k <= count["stop"]; k++) {
			key = names["stop", k]
			split(key, kv, SUBSEP)
			printf("%-49s", "to " kv[2] (kv[1] ? ", every second page" : ""))
			for (i = 1; i <= count["stop_size"]; i++)
				printf(" |%10s%10s", cell(stop[key, names["stop_size", i], "memslot"]),
				       cell(stop[key, names["stop_size", i], "signal"]))
			printf("\n")
		}
		printf("\n   Without a conversion, the memslot takes %s.\n", number(memslot_alone))
	}

	if (count["kill"]) {
		print ""
		print "7. SIGKILL of a process that converts populated memory, after so many eighths of the"
		print "   time that the call takes: how long until the process is gone. With *, nothing has"
		print "   changed; else, it came too late to stop the conversion, which was completed."
		print ""
		printf("%-22s %12s |", "", "the call")
		for (i = 1; i <= count["kill_point"]; i++)
			printf("%12s", names["kill_point", i] "/8 ")
		printf("\n")
		for (k = 1; k <= count["kill"]; k++) {
			key = names["kill", k]
			split(key, kv, SUBSEP)
			printf("%-22s %12s |", "to " kv[1] ", " size_name(kv[2]), number(kill_cost[key]))
			for (i = 1; i <= count["kill_point"]; i++)
				printf("%12s", number(kill_rest[key, names["kill_point", i]]) \
				       (kill_done[key, names["kill_point", i]] ? " " : "*"))
			printf("\n")
		}
	}

	print ""
	print "8. Targets"
	print ""
	check(clock > 0.98 && clock < 1.02,
	      sprintf("the clock counts instructions (1 instruction = %.3f ns)", clock))
	check(done, done ? "all was measured" : "all was measured: the log ends early, or the kernel cannot convert in place")

	MB2 = "2097152"
	TB1 = "1099511627776"
	for (k = 1; k <= 2; k++) {
		c = k == 1 ? "s_convert" : "p_convert"
		a = cost["empty", "inplace", MB2, c]
		b = cost["empty", "inplace", TB1, c]
		check(a > 0 && b > 0 && b <= 2 * a && a <= 2 * b,
		      sprintf("unpopulated to %s: 1 TiB within 2x of 2 MiB: %s against %s",
			      k == 1 ? "shared" : "private", number(b), number(a)))
	}
	for (s = 1; s <= count["populated"]; s++) {
		size = names["populated", s]
		if (size + 0 < MB2 + 0)
			continue
		pages = size / 4096
		a = trip["populated", "inplace", size] / pages
		b = trip["populated", "base", size] / pages
		check(a > 0 && a <= b / 2,
		      sprintf("populated round trip, %s: at most half of the base's: %s of %s a page%s",
			      size_name(size), number(a), number(b),
			      a > 0 ? sprintf(" (%.2f; aim 0.33)", a / b) : ""))
		a = calls["populated", "inplace", size] / pages
		check(a > 0 && a <= 1500,
		      sprintf("the two calls alone, %s: at most 1,500 a populated page: %s (base %s)",
			      size_name(size), number(a), number(calls["populated", "base", size] / pages)))
	}
	a = cost["populated", "inplace", MB2, "s_convert"] / 512
	check(a > 0 && a <= 226, sprintf("populated, 2 MiB, to shared: at most 226 a page: %s", number(a)))
	a = cost["populated", "inplace", MB2, "p_convert"] / 512
	check(a > 0 && a <= 960, sprintf("populated, 2 MiB, to private: at most 960 a page: %s", number(a)))
	if (("inplace-2m", "cost") in fresh) {
		key = "populated" SUBSEP "inplace-2m" SUBSEP MB2
		a = trip[key] / 512
		check(a > 0 && a <= 1548, sprintf("blocks, round trip, 2 MiB: at most 1,548 a page: %s (%.2f of the base's; aim 1,300)",
						  number(a), trip[key] / trip["populated", "base", MB2]))
		a = cost[key, "s_convert"] / 512
		check(a > 0 && a <= 60, sprintf("blocks, to shared, 2 MiB: at most 60 a page: %s (aim 20)", number(a)))
		a = cost[key, "p_convert"] / 512
		check(a > 0 && a <= 900, sprintf("blocks, to private, 2 MiB: at most 900 a page: %s (aim 760)", number(a)))
		for (k = 1; k <= 2; k++) {
			a = cost[key, k == 1 ? "s_fault" : "p_fault"] / 512
			check(a > 0 && a <= 135, sprintf("blocks, fault when %s, 2 MiB: at most 135 a page: %s (aim 40)",
							 k == 1 ? "shared" : "private", number(a)))
		}
		a = fresh["inplace-2m", "cost"]
		b = fresh["inplace", "cost"]
		check(a > 0 && a <= b / 2, sprintf("blocks, first access: at most half: %.2f (aim 0.33)", a / b))
		a = fresh["inplace-2m", "pages_2m"] + fresh["inplace-2m", "pages_4k"]
		check(a == (fresh["inplace-2m", "size"] + 2097152) / 2097152,
		      sprintf("blocks, stage-2 faults to populate %s: one for 2 MiB: %s", size_name(fresh["inplace-2m", "size"] + 2097152), number(a)))
		a = one["inplace", "repeated"]
		check(one["inplace-2m", "first"] <= 2.5 * a && a > 0,
		      sprintf("blocks, one page there and back, first time: at most 2.5x: %.2fx", one["inplace-2m", "first"] / a))
		check(one["inplace-2m", "repeated"] <= 1.5 * a && a > 0,
		      sprintf("blocks, one page there and back, again: at most 1.5x: %.2fx (aim 1.0)", one["inplace-2m", "repeated"] / a))
	}
	KB4 = "4096"
	split("3000 6000 2700 3900", most, " ")
	for (k = 1; k <= 4; k++) {
		c = k % 2 ? "s_convert" : "p_convert"
		a = cost[k < 3 ? "populated" : "empty", "inplace", KB4, c]
		check(a > 0 && a <= most[k] + 0,
		      sprintf("one page, %s, to %s: at most %s: %s%s", k < 3 ? "populated" : "nothing populated",
			      k % 2 ? "shared" : "private", number(most[k]), number(a),
			      k > 2 ? sprintf(" (aim %s)", number(most[k] / 2)) : ""))
	}
	split("6700 6000 7200 7400", most, " ")
	for (i = 1; i <= count["alternate"]; i++)
		if (runs[names["alternate", i]] == 65536)
			for (k = 1; k <= 4; k++) {
				o = k < 3 ? "ascending" : "random"
				c = k % 2 ? "shared" : "private"
				a = alternate[o, c, names["alternate", i]]
				check(a > 0 && a <= most[k],
				      sprintf("every second page of 256 MiB, %s, to %s: at most %s: %s",
					      o, c, number(most[k]), number(a)))
			}
	if (signals_nr) {
		for (k = 1; k <= 2; k++) {
			c = k == 1 ? "private" : "shared"
			a = fragmented[0, c] * 65536 / fragmented_runs
			check(a > 0 && a <= 2700000,
			      sprintf("one call over 65,536 runs, nothing populated, to %s: at most 2,700,000: %s (aim 268,000)",
				      c, number(a)))
			a = (fragmented[1, c] + refault[1, c]) * 65536 / fragmented_runs
			b = k == 1 ? 227000000 : 203000000
			check(a > 0 && a <= b,
			      sprintf("the same, populated, with refaults: at most %s: %s", number(b), number(a)))
		}
		check(signals_cost > 0 && signals_cost <= 2 * signals_alone,
		      sprintf("%s conversions under signals: at most 2x: %.2fx", number(signals_nr),
			      signals_cost / signals_alone))
	}
	if (count["stall"]) {
		for (j = 1; j <= nr_what; j++) {
			longest("stall", stall, what[j])
			check(a > 0 && a <= 1000000 && least > 3,
			      sprintf("longest wait elsewhere, %s: at most 1,000,000: %s", what[j], number(a)))
			# A lock may be held for 20,000, what is shorter isn't a wait.
			check(c <= 2 * b || c <= 20000,
			      sprintf("longest wait elsewhere, %s: %s within 2x of %s, or 20,000: %s against %s", what[j],
				      size_name(last), size_name(first), number(c), number(b)))
		}
	}
	if (count["stop"]) {
		split("memslot signal", stop_what, " ")
		for (j = 1; j <= 2; j++) {
			longest("stop", stop, stop_what[j])
			text = j == 1 ? "longest change of another memslot" : \
				"longest from a signal until a vCPU inside of the range is out of KVM_RUN"
			check(a > 0 && a <= 1000000 && fewest > 0,
			      sprintf("%s: at most 1,000,000: %s", text, number(a)))
			check(c <= 2 * b || c <= 20000,
			      sprintf("%s: %s within 2x of %s, or 20,000: %s against %s", text,
				      size_name(last), size_name(first), number(c), number(b)))
		}
	}
	if (count["kill"]) {
		check(kill_refused["private"] > 0 && kill_prepare <= 1000000,
		      sprintf("killed before anything has changed: gone after at most 1,000,000: %s",
			      number(kill_prepare)))
		printf("   --   killed later: completes the conversion, no target: at most %s\n",
		       number(kill_commit))
	}
	# Logarithmic: each doubling of the runs adds about the same, so from 2^11
	# to 2^18 runs the cost may grow by 18 / 11; with a power law it would
	# grow at least by sqrt(128) = 11.
	for (k = 1; k <= 2; k++) {
		o = k == 1 ? "ascending" : "random"
		n = count["alternate"]
		from = names["alternate", n]
		first = names["alternate", n > 8 ? n - 7 : 1]
		a = alternate[o, "shared", first]
		b = alternate[o, "shared", from]
		check(n > 0 && a > 0 && b <= 2 * a,
		      sprintf("alternating pages, %s: logarithmic: %s a call at %s runs, %s at %s", o,
			      number(a), number(runs[first]), number(b), number(runs[from])))
		check(o in tree && tree[o] < 40 * tree_runs[o],
		      sprintf("alternating pages, %s: below 40 bytes of tree a run: %.1f", o,
			      o in tree ? tree[o] / tree_runs[o] : 0))
	}
	if (("blocks", 1, 0) in to_shared) {
		k = "blocks 268435456"
		a = map["gmem", k] / 65536
		check(a > 0 && a <= 20, sprintf("blocks, device, map, 256 MiB: at most 20 a page: %.1f (aim 10)", a))
		a = unmap["gmem", k] / 65536
		check(a > 0 && a <= 5, sprintf("blocks, device, unmap, 256 MiB: at most 5 a page: %.1f (aim 3)", a))
		a = (to_shared["blocks", 1, 0] - to_shared["blocks", 0, 0]) / (device_size / 4096)
		check(a > 0 && a <= 40, sprintf("blocks, a device that follows, to shared, 2 MiB: at most 40 a page more: %.1f (aim 15)", a))
		check(flushes["blocks", 1, 0] == 1, sprintf("blocks, one IOTLB flush per conversion and domain: %s", flushes["blocks", 1, 0]))
	}
	for (i = 1; i <= count["device_map"]; i++) {
		k = names["device_map", i]
		split(k, kv, " ")
		a = (map["gmem", k] + unmap["gmem", k]) / (kv[2] / 4096)
		b = (map["memfd", k] + unmap["memfd", k]) / (kv[2] / 4096)
		check(a > 0 && a <= b,
		      sprintf("device, map and unmap, %s %s: not above a pinned memfd: %s of %s a page (%.2f; aim 0.50)",
			      kv[1], size_name(kv[2]), number(a), number(b), b ? a / b : 0))
	}
	if (count["device_map"]) {
		a = to_private[0, 64] + to_shared[0, 64]
		b = to_private[0, 0] + to_shared[0, 0]
		check(b > 0 && a <= b * 1.02,
		      sprintf("64 users over other memory can't be seen: %s against %s a page",
			      number(a / (device_size / 4096)), number(b / (device_size / 4096))))
		check(flushes[1, 0] == 1 && flushes[1, 64] == 1 && flushes[0, 64] == 0,
		      sprintf("one IOTLB flush per conversion and domain that has it mapped: %s (none mapped: %s)",
			      flushes[1, 0], flushes[0, 64]))
	}
	exit missed
}
