#!/bin/sh
# Takes the collector's place in a host of virtual machines: makes the machines, prints what they are made of, and then lets the
# collector do its work.

say() {
	echo "lab: $*"
}

while read -r module; do
	insmod "/lab/modules/$module" || say "module $module did not load"
done < /lab/virtual-machine-modules

# Two huge pages for a slot of the marked machine, beyond those of the workload.
echo 12 > /proc/sys/vm/nr_hugepages

for name in marked spinning; do
	hypervisor -name $name > /run/machine-$name &
	tries=1200
	until grep -q '^lab: machine ready' /run/machine-$name; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || break
		sleep 0.1
	done
	cat /run/machine-$name
done

exec collect "$@"
