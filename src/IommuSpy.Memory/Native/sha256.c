// SHA-256 by the processor's own instructions (Intel's manual, volume 2: SHA256RNDS2, SHA256MSG1, SHA256MSG2), for which .NET 10 has no names.
// Linked into the native programs; Writing/Sha256Blocks.cs calls it where the processor has them.
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS 4
#define GROUPS 16

__attribute__((target("sha,ssse3,sse4.1")))
void iommu_spy_sha256(uint32_t state[8], const uint32_t constants[64], const uint8_t *bytes, size_t blocks)
{
    const __m128i big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    __m128i abef = _mm_set_epi32(state[0], state[1], state[4], state[5]);
    __m128i cdgh = _mm_set_epi32(state[2], state[3], state[6], state[7]);

    for (; blocks > 0; blocks--, bytes += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[WORDS];

        for (int i = 0; i < WORDS; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)bytes + i), big_endian);

#pragma GCC unroll 16
        for (int i = 0; i < GROUPS; i++) {
            __m128i sum = _mm_add_epi32(w[i % WORDS], _mm_loadu_si128((const __m128i *)constants + i));

            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
            if (i < GROUPS - WORDS) {
                __m128i next = w[(i + 1) % WORDS], later = w[(i + 2) % WORDS], last = w[(i + 3) % WORDS];

                w[i % WORDS] = _mm_sha256msg2_epu32(
                    _mm_add_epi32(_mm_sha256msg1_epu32(w[i % WORDS], next), _mm_alignr_epi8(last, later, 4)), last);
            }
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }

    state[0] = _mm_extract_epi32(abef, 3);
    state[1] = _mm_extract_epi32(abef, 2);
    state[2] = _mm_extract_epi32(cdgh, 3);
    state[3] = _mm_extract_epi32(cdgh, 2);
    state[4] = _mm_extract_epi32(abef, 1);
    state[5] = _mm_extract_epi32(abef, 0);
    state[6] = _mm_extract_epi32(cdgh, 1);
    state[7] = _mm_extract_epi32(cdgh, 0);
}
