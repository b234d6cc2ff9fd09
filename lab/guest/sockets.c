// SPDX-License-Identifier: Apache-2.0
//
// Opens sockets of every kind in every state that lasts, and keeps them. Usage: sockets REPORT
// REPORT gets a line for each socket that this process has open: its inode, what SIOCINQ says is unread (-1 where it
// says nothing), and the memory that SO_MEMINFO counts as received and as to be sent. A child does the same in a network
// namespace of its own, another as an ordinary user; they report nothing.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/icmp.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
#define MOST 64

static int kept[MOST];
static int count;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int keep(int fd, const char *what)
{
	if (fd < 0)
		die(what);
	if (count == MOST)
		exit(2);
	kept[count++] = fd;
	return fd;
}

static socklen_t address(struct sockaddr_storage *storage, int family, const char *text, int port)
{
	memset(storage, 0, sizeof(*storage));
	storage->ss_family = family;
	if (family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)storage;

		in->sin_port = htons(port);
		inet_pton(family, text, &in->sin_addr);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in = (struct sockaddr_in6 *)storage;

	in->sin6_port = htons(port);
	inet_pton(family, text, &in->sin6_addr);
	return sizeof(*in);
}

static int bound(int family, int type, const char *text, int port)
{
	struct sockaddr_storage at;
	int fd = keep(socket(family, type, 0), "socket");
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, address(&at, family, text, port)))
		die("bind");
	return fd;
}

static int connected(int family, int type, const char *text, int port)
{
	struct sockaddr_storage at;
	int fd = keep(socket(family, type, 0), "socket");

	if (connect(fd, (struct sockaddr *)&at, address(&at, family, text, port)) && errno != EINPROGRESS)
		die("connect");
	return fd;
}

static socklen_t local(struct sockaddr_un *at, const char *name, size_t bytes)
{
	memset(at, 0, sizeof(*at));
	at->sun_family = AF_UNIX;
	memcpy(at->sun_path, name, bytes);
	return offsetof(struct sockaddr_un, sun_path) + bytes;
}

static void put(int fd, size_t bytes)
{
	char text[8192] = { 'x' };

	if (write(fd, text, bytes) != (ssize_t)bytes)
		die("write");
}

static void take(int fd, size_t bytes)
{
	char text[8192];

	if (read(fd, text, bytes) != (ssize_t)bytes)
		die("read");
}

static void pass(int through, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec text = { .iov_base = "f", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	if (sendmsg(through, &message, 0) != 1)
		die("sendmsg");
	close(fd);
}

static void internet(int family, const char *text, int port)
{
	int first = bound(family, SOCK_STREAM, text, port), one, other, seconds = 120;

	// One connection with something unread, of which a part was read; one that nobody accepts.
	if (listen(first, 5))
		die("listen");
	one = connected(family, SOCK_STREAM, text, port);
	other = keep(accept(first, NULL, NULL), "accept");
	put(one, 1000);
	take(other, 100);
	put(other, 50);
	put(connected(family, SOCK_STREAM, text, port), 10);

	// A request that stays one until something is sent.
	first = bound(family, SOCK_STREAM, text, port + 1);
	setsockopt(first, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
	if (listen(first, 5))
		die("listen");
	connected(family, SOCK_STREAM, text, port + 1);

	// A queue that is full: the next connection is not answered.
	first = bound(family, SOCK_STREAM, text, port + 2);
	if (listen(first, 0))
		die("listen");
	connected(family, SOCK_STREAM, text, port + 2);
	connected(family, SOCK_STREAM | SOCK_NONBLOCK, text, port + 2);

	// One side closes, then the other: TIME_WAIT. Where only one does: CLOSE_WAIT, and FIN_WAIT2 of nobody's.
	first = bound(family, SOCK_STREAM, text, port + 3);
	if (listen(first, 5))
		die("listen");
	for (int both = 0; both < 2; both++) {
		one = connected(family, SOCK_STREAM, text, port + 3);
		other = accept(first, NULL, NULL);
		close(one);
		count--;
		usleep(100000);
		if (both)
			close(other);
		else
			keep(other, "accept");
	}

	one = bound(family, SOCK_DGRAM, text, port);
	other = connected(family, SOCK_DGRAM, text, port);
	put(other, 300);
	put(other, 1);
}

static void others(void)
{
	struct sockaddr_un at;
	struct sockaddr_nl link = { .nl_family = AF_NETLINK };
	struct icmp_filter none = { .data = ~0U };
	struct icmp6_filter none6;
	int pair[2], first, one, other;

	first = keep(socket(AF_UNIX, SOCK_STREAM, 0), "unix");
	unlink("/run/lab stream");
	if (bind(first, (struct sockaddr *)&at, local(&at, "/run/lab stream", sizeof("/run/lab stream"))) || listen(first, 5))
		die("unix");
	one = keep(socket(AF_UNIX, SOCK_STREAM, 0), "unix");
	if (connect(one, (struct sockaddr *)&at, sizeof(at)))
		die("unix");
	other = keep(accept(first, NULL, NULL), "accept");
	put(one, 77);
	put(one, 23);
	take(other, 7);
	one = keep(socket(AF_UNIX, SOCK_STREAM, 0), "unix");
	if (connect(one, (struct sockaddr *)&at, sizeof(at)))
		die("unix");
	put(one, 5);

	first = keep(socket(AF_UNIX, SOCK_DGRAM, 0), "unix");
	if (bind(first, (struct sockaddr *)&at, local(&at, "\0lab\0abstract", 13)))
		die("abstract");
	one = keep(socket(AF_UNIX, SOCK_DGRAM, 0), "unix");
	if (connect(one, (struct sockaddr *)&at, local(&at, "\0lab\0abstract", 13)))
		die("abstract");
	put(one, 40);
	put(one, 2);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		die("socketpair");
	put(keep(pair[0], "pair"), 9);
	keep(pair[1], "pair");
	// On its way in a message: no process has it open.
	first = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (bind(first, (struct sockaddr *)&at, local(&at, "\0in flight", 10)))
		die("in flight");
	pass(pair[0], first);

	// Of messages that neither takes: a router's advertisement may come at any time, and their queues stay as they are.
	keep(one = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), "raw");
	if (setsockopt(one, SOL_RAW, ICMP_FILTER, &none, sizeof(none)))
		die("ICMP_FILTER");
	keep(one = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), "raw6");
	ICMP6_FILTER_SETBLOCKALL(&none6);
	if (setsockopt(one, IPPROTO_ICMPV6, ICMP6_FILTER, &none6, sizeof(none6)))
		die("ICMP6_FILTER");
	// No table has one without an address.
	keep(socket(AF_INET, SOCK_STREAM, 0), "tcp");
	if (bind(keep(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), "netlink"), (struct sockaddr *)&link, sizeof(link)))
		die("netlink");
	// Of packets that nobody sends, so that its queue stays as it is.
	first = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_802_EX1));
	if (first >= 0)
		keep(first, "packet");
	one = bound(AF_INET, SOCK_DGRAM, "0.0.0.0", 7900);
	if (setsockopt(one, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof("lo")))
		die("SO_BINDTODEVICE");
	// From the other family's address: ::ffff:127.0.0.1.
	if (listen(bound(AF_INET6, SOCK_STREAM, "::", 7901), 5))
		die("listen");
	connected(AF_INET, SOCK_STREAM, "127.0.0.1", 7901);
}

int main(int argc, char **argv)
{
	FILE *report = argc > 1 ? fopen(argv[1], "w") : NULL;

	if (!report)
		die("report");
	internet(AF_INET, "127.0.0.1", 7000);
	internet(AF_INET6, "::1", 7100);
	others();
	if (fork() == 0) {
		if (unshare(CLONE_NEWNET))
			die("unshare");
		if (listen(bound(AF_INET, SOCK_STREAM, "0.0.0.0", 7800), 5))
			die("listen");
		bound(AF_INET6, SOCK_DGRAM, "::", 7801);
		keep(socket(AF_UNIX, SOCK_DGRAM, 0), "unix");
		pause();
	}
	if (fork() == 0) {
		if (setuid(1000))
			die("setuid");
		bound(AF_INET, SOCK_DGRAM, "127.0.0.1", 7802);
		keep(socket(AF_UNIX, SOCK_STREAM, 0), "unix");
		pause();
	}
	sleep(2);
	for (int i = 0; i < count; i++) {
		struct stat what;
		uint32_t memory[SK_MEMINFO_VARS + 8] = { 0 };
		socklen_t bytes = sizeof(memory);
		int unread = -1;

		if (fstat(kept[i], &what) || !S_ISSOCK(what.st_mode))
			continue;
		if (ioctl(kept[i], FIONREAD, &unread))
			unread = -1;
		if (getsockopt(kept[i], SOL_SOCKET, SO_MEMINFO, memory, &bytes))
			die("SO_MEMINFO");
		fprintf(report, "%lu %d %u %u\n", (unsigned long)what.st_ino, unread, memory[SK_MEMINFO_RMEM_ALLOC], memory[SK_MEMINFO_WMEM_ALLOC]);
	}
	fclose(report);
	rename(argv[1], "/run/sockets.ready");
	pause();
	return 0;
}
