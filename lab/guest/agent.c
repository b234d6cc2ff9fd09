// SPDX-License-Identifier: Apache-2.0
//
// Runs commands for the host, one at a time, in a guest that stays up. Usage: agent DISK WORKLOAD-LIST
//
// It takes the collector's place, so that such a guest is the one that captures are made of; the disk is for whatever a test
// writes there. The host speaks on the second serial line:
//
//	run USER SECONDS BYTES\n, and the shell's command		from the host
//	out BYTES\n or err BYTES\n, and that much output		from the guest, as it comes
//	exit CODE\n or timeout\n					from the guest, at the end

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define LINE "/dev/ttyS1"
#define MOST_COMMAND (1 << 20)
#define PIECE 4096
// What a command leaves running may keep its output open: after its end only what is there already is waited for.
#define DRAIN_MILLISECONDS 50
#define POLL_MILLISECONDS 20

static int line;

static void die(const char *what)
{
	// The lab's log knows this line as the end of a guest.
	fprintf(stderr, "lab: collector: agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void say(const void *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(line, bytes, length);

		if (written < 0)
			die("write");
		bytes = (const char *)bytes + written;
		length -= written;
	}
}

static void hear(void *bytes, size_t length)
{
	while (length > 0) {
		ssize_t got = read(line, bytes, length);

		if (got <= 0)
			die("read");
		bytes = (char *)bytes + got;
		length -= got;
	}
}

static void say_word(const char *word, long number)
{
	char text[64];

	say(text, snprintf(text, sizeof(text), "%s %ld\n", word, number));
}

// Passes on what a pipe holds; false at its end.
static int forward(int pipe, const char *name)
{
	char piece[PIECE];
	ssize_t got = read(pipe, piece, sizeof(piece));

	if (got <= 0)
		return 0;
	say_word(name, got);
	say(piece, got);
	return 1;
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void become(unsigned user)
{
	if (user && (setgroups(0, NULL) || setgid(user) || setuid(user)))
		_exit(126);
}

static void run(const char *command, unsigned user, long seconds)
{
	int out[2], err[2];
	int status = 0, ended = 0;
	long end, drained = 0;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe");
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		int nothing = open("/dev/null", O_RDONLY);

		setsid();
		// What a shell's background job ignores, its children would ignore too.
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		dup2(nothing, 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		become(user);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	close(out[1]);
	close(err[1]);

	struct pollfd pipes[] = { { out[0], POLLIN, 0 }, { err[0], POLLIN, 0 } };
	const char *names[] = { "out", "err" };

	end = now() + seconds * 1000;
	while (!ended || ((pipes[0].fd >= 0 || pipes[1].fd >= 0) && now() < drained)) {
		poll(pipes, 2, POLL_MILLISECONDS);
		for (int i = 0; i < 2; i++) {
			if (pipes[i].fd >= 0 && pipes[i].revents) {
				if (!forward(pipes[i].fd, names[i]))
					pipes[i].fd = -1;
				drained = now() + DRAIN_MILLISECONDS;
			}
		}
		if (!ended && waitpid(child, &status, WNOHANG) == child) {
			ended = 1;
			drained = now() + DRAIN_MILLISECONDS;
		}
		if (!ended && now() > end) {
			kill(-child, SIGKILL);
			waitpid(child, &status, 0);
			ended = 2;
		}
	}
	close(out[0]);
	close(err[0]);
	if (ended == 2)
		say("timeout\n", 8);
	else
		say_word("exit", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

// As any distribution does it; what the kernel lacks is left out.
static void mount_what_programs_expect(void)
{
	mkdir("/dev/pts", 0755);
	mount("devpts", "/dev/pts", "devpts", 0, NULL);
	mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
}

int main(int count, char **arguments)
{
	struct termios mode;
	static char command[MOST_COMMAND + 1];

	if (count > 1)
		setenv("DISK", arguments[1], 1);
	mount_what_programs_expect();
	line = open(LINE, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (line < 0 || tcgetattr(line, &mode))
		die(LINE);
	cfmakeraw(&mode);
	cfsetspeed(&mode, B115200);
	mode.c_cflag |= CLOCAL;
	if (tcsetattr(line, TCSAFLUSH, &mode))
		die("raw mode of " LINE);
	signal(SIGPIPE, SIG_IGN);
	printf("lab: oracles collected\n");
	fflush(stdout);
	while (1) {
		char header[64];
		unsigned user, length;
		long seconds;
		size_t at = 0;

		do {
			if (at == sizeof(header) - 1)
				at = 0;
			hear(&header[at], 1);
		} while (header[at++] != '\n');
		header[at] = 0;
		if (sscanf(header, "run %u %ld %u", &user, &seconds, &length) != 3 || length > MOST_COMMAND)
			continue;
		hear(command, length);
		command[length] = 0;
		run(command, user, seconds);
	}
}
