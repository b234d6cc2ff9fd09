// What libkdumpfile reads out of a dump: for each page of the first BYTES of physical memory 8 bytes, the FNV-1a hash of its 8-byte words, or 0
// where it cannot be read. kdump-pages DUMP BYTES > HASHES
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <libkdumpfile/kdumpfile.h>

int main(int argc, char **argv)
{
	static uint64_t page[512];
	kdump_ctx_t *dump = kdump_new();
	uint64_t bytes = argc == 3 ? strtoull(argv[2], NULL, 0) : 0;
	int file = argc == 3 ? open(argv[1], O_RDONLY) : -1;

	if (!dump || file < 0 || kdump_open_fd(dump, file) != KDUMP_OK) {
		fprintf(stderr, "kdump-pages: %s\n", dump && file >= 0 ? kdump_get_err(dump) : "DUMP BYTES");
		return 1;
	}
	for (uint64_t at = 0; at < bytes; at += sizeof page) {
		size_t length = sizeof page;
		uint64_t hash = 0xcbf29ce484222325;

		if (kdump_read(dump, KDUMP_MACHPHYSADDR, at, page, &length) == KDUMP_OK) {
			for (int i = 0; i < 512; i++)
				hash = (hash ^ page[i]) * 0x100000001b3;
		} else {
			kdump_clear_err(dump);
			hash = 0;
		}
		fwrite(&hash, sizeof hash, 1, stdout);
	}
	return fclose(stdout) != 0;
}
