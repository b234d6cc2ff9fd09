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

# The one that spins comes last: it takes half of the host.
for name in marked linux spinning; do
	case $name in
	linux) hypervisor -name linux /lab/inner-kernel /lab/inner-initramfs > /run/machine-$name & ;;
	*) hypervisor -name $name > /run/machine-$name & ;;
	esac
	# As long as it takes: the host of this host has a limit, and one that fails says so.
	until grep -q '^lab: machine ready' /run/machine-$name; do
		sleep 0.1
	done
	cat /run/machine-$name
done

exec collect "$@"
