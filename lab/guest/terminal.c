// SPDX-License-Identifier: Apache-2.0
//
// Runs a command in a terminal of its own and types for it. Usage: terminal SECONDS TEXT COMMAND [ARGUMENT...]
// Every SECONDS the next character of TEXT is typed (\003 is Ctrl-C); what the command shows goes to standard
// output, and its exit code is this program's.

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(125);
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int main(int count, char **arguments)
{
	if (count < 4) {
		fprintf(stderr, "usage: terminal SECONDS TEXT COMMAND [ARGUMENT...]\n");
		return 125;
	}

	long pause = (long)(atof(arguments[1]) * 1000);
	long due = now() + pause;
	const char *text = arguments[2];
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	struct winsize size = { .ws_row = 24, .ws_col = 120 };
	int status;

	if (terminal < 0 || grantpt(terminal) || unlockpt(terminal))
		die("terminal");
	ioctl(terminal, TIOCSWINSZ, &size);

	pid_t child = fork();
	if (child == 0) {
		setsid();
		int own = open(ptsname(terminal), O_RDWR);
		if (own < 0)
			die("open");
		for (int descriptor = 0; descriptor < 3; descriptor++)
			dup2(own, descriptor);
		close(terminal);
		execvp(arguments[3], &arguments[3]);
		die(arguments[3]);
	}

	while (1) {
		struct pollfd shown = { terminal, POLLIN, 0 };
		char piece[4096];
		long left = due - now();
		int ready = poll(&shown, 1, !*text ? -1 : left > 0 ? left : 0);

		if (*text && now() >= due) {
			if (write(terminal, text++, 1) != 1)
				die("type");
			due += pause;
		}
		if (ready == 0)
			continue;
		// Its end shows as an error.
		ssize_t got = read(terminal, piece, sizeof(piece));
		if (got <= 0)
			break;
		if (write(1, piece, got) != got)
			die("show");
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
