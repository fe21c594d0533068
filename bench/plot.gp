# SPDX-License-Identifier: GPL-2.0
# Called by report.sh with `data`, a directory, and `out`, the SVG to write.
if (!exists("term")) term = "svg size 960,420 font 'sans,12' background 'white'"
eval "set terminal " . term
set output out
set multiplot layout 1,2
set grid ytics lc rgb "#dddddd"
set logscale xy
set border 3
set tics nomirror
set key top left Left reverse font ",10"
set format y "%.0s %c"
set ylabel "guest instructions"

set title "A conversion and back, per 4 KiB page, populated"
set xlabel "size of the range"
set format x ""
set xtics ("4 KiB" 4096, "64 KiB" 65536, "2 MiB" 2097152, "32 MiB" 33554432, "1 GiB" 1073741824)
set yrange [1000:200000]
plot data."/populated-base" using 1:2 with linespoints pt 7 lc rgb "#b03030" title "base, with faults", \
     data."/populated-base-thp" using 1:2 with linespoints pt 7 lc rgb "#d09030" title "base (THP), with faults", \
     data."/populated-inplace" using 1:2 with linespoints pt 7 lc rgb "#2060a0" title "in place, with faults", \
     data."/populated-base" using 1:3 with linespoints pt 6 dt 2 lc rgb "#b03030" title "base, calls alone", \
     data."/populated-inplace" using 1:3 with linespoints pt 6 dt 2 lc rgb "#2060a0" title "in place, calls alone"

set title "One call, nothing populated"
set yrange [100:1e10]
set xlabel "size of the range"
set xtics ("4 KiB" 4096, "2 MiB" 2097152, "1 GiB" 1073741824, "1 TiB" 1099511627776)
plot data."/empty-base" using 1:2 with linespoints pt 7 lc rgb "#b03030" title "base, the whole range", \
     data."/empty-inplace" using 1:2 with linespoints pt 7 lc rgb "#2060a0" title "in place, the whole range", \
     data."/alternate" using ($1/2*8192):3 with linespoints pt 5 ps 0.6 lc rgb "#40a060" title "in place, one page, every second one done so far"
unset multiplot
