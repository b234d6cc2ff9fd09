#!/bin/sh
# First process of a lab guest. Sets the stage (modules, devices, I/O), starts the workload and leaves the rest to the
# collector. Every process it starts ends up asleep for good, so that what the collector records stays true until the
# host stops the machine.

say() {
	echo "lab: $*"
}

# wait_for SECONDS COMMAND...
wait_for() {
	tries=$(($1 * 10))
	shift
	until "$@" > /dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/shm /run /tmp /mnt
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run

while read -r module; do
	insmod "/lab/modules/$module" || say "module $module did not load"
done < /lab/module-order

echo 0 > /proc/sys/kernel/kptr_restrict
echo 8 > /proc/sys/vm/nr_hugepages

# khugepaged would collapse pages behind the collector's back.
thp=/sys/kernel/mm/transparent_hugepage
if [ -d $thp ]; then
	echo madvise > $thp/enabled
	echo always > $thp/defrag
	echo 4294967295 > $thp/khugepaged/scan_sleep_millisecs
fi

# Disks are probed in the background.
all_disks_present() {
	[ "$(ls /sys/block | grep -c -e '^sd' -e '^nvme')" -ge "$(cat /lab/disk-count)" ]
}

# The host writes a label at the start of each disk: names such as sda depend on probing order.
find_disk() {
	for name in $(ls /sys/block | grep -e '^sd' -e '^nvme'); do
		if [ "$(head -c 64 "/dev/$name" | head -n 1)" = "iommu-spy lab: $1" ]; then
			echo "/dev/$name"
			return
		fi
	done
	say "no disk is labelled $1" >&2
}

wait_for 30 all_disks_present || say "not every disk appeared"
data=$(find_disk data)
swap=$(find_disk swap)
files=$(find_disk files)
oracle=$(find_disk oracle)
say "disks: data=$data swap=$swap files=$files oracle=$oracle"

# Network traffic: the gateway answers pings although the user network is cut off from the host.
ifconfig lo 127.0.0.1 up
network=$(ls /sys/class/net | grep -v '^lo$' | head -n 1)
if [ -n "$network" ]; then
	ifconfig "$network" 10.0.2.15 netmask 255.255.255.0 up
	wait_for 20 ping -c 1 -W 1 10.0.2.2 && ping -c 2 -s 1400 10.0.2.2 > /dev/null && say "network: $network, the gateway answers"
fi
# Cards without a network fill their receive rings all the same.
for other in $(ls /sys/class/net | grep -v -e '^lo$' -e "^$network\$"); do
	ifconfig "$other" up && say "network: $other is up"
done

# Traffic on every disk, in both directions.
for disk in $data $swap $files; do
	dd if="$disk" of=/dev/null bs=64k count=64 2> /dev/null
done
dd if=/bin/busybox of="$data" bs=64k seek=64 count=16 conv=fsync 2> /dev/null

mkswap "$swap" > /dev/null && swapon "$swap" && say "swapping to $swap"
mount -t ext4 "$files" /mnt && dd if=/bin/busybox of=/mnt/mapped-file bs=64k count=16 conv=fsync 2> /dev/null

# Idle neighbours: the process list should hold more than the workload.
for neighbour in 1 2 3 4; do
	sleep 100000000 &
done

workload /mnt/mapped-file "$data" /run/workload &
wait_for 120 test -e /run/workload.ready || say "the workload did not get ready"

# A device that a process drives: of the edu's vendor and device number, in a group of its own.
if [ -e /lab/user-mapping-modules ]; then
	while read -r module; do
		insmod "/lab/modules/$module" || say "module $module did not load"
	done < /lab/user-mapping-modules
	# Without interrupt remapping VFIO wants to be told that this is meant.
	echo 1 > /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
	for device in $(ls /sys/bus/pci/devices); do
		path=/sys/bus/pci/devices/$device
		if [ "$(cat $path/vendor)$(cat $path/device)" = 0x12340x11e8 ]; then
			echo vfio-pci > $path/driver_override
			echo "$device" > /sys/bus/pci/drivers_probe
			group=$(readlink $path/iommu_group)
			usermapping "$device" "${group##*/}" /run/user-mappings &
			wait_for 30 test -e /run/user-mappings.ready && say "$device has memory of a process" || say "no process could give memory to $device"
		fi
	done
fi

sync
collector "$oracle" /run/workload &
wait
