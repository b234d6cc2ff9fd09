using System.Globalization;
using System.Text;
using IommuSpy.Memory.Search;

namespace IommuSpy.Memory.Tests.Search;

/// <summary>Patterns against a slow search, at every place, alone and together.</summary>
public class PatternSetTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Ten_thousand_random_patterns_match_where_a_slow_search_says(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 100; round++)
        {
            byte[] bytes = Bytes(random, random.Next(1, 400), letters: random.Next(2, 5));
            (SearchPattern Pattern, Func<int, int> At)[] all = [.. Enumerable.Range(0, 25).Select(_ => Pattern(random, bytes))];
            ulong address = (ulong)random.Next(16);
            int starts = random.Next(bytes.Length + 1);
            Compare([.. all.Take(random.Next(1, 25))], bytes, starts, address);
        }

        void Compare((SearchPattern Pattern, Func<int, int> At)[] patterns, byte[] bytes, int starts, ulong address)
        {
            PatternSet set = new([.. patterns.Select(pattern => pattern.Pattern)]);
            IEnumerable<SearchMatch> slow = Enumerable.Range(0, starts).SelectMany(at => patterns.Index()
                .Where(pattern => Aligned(pattern.Item.Pattern, address + (ulong)at) && pattern.Item.At(at) > 0)
                .Select(pattern => new SearchMatch(at, pattern.Item.At(at), pattern.Index)));
            Assert.Equal(slow, set.Find(bytes, starts, address));
        }
    }

    [Fact]
    public void Text_is_found_whatever_its_case_where_that_was_asked_for()
    {
        byte[] bytes = Encoding.UTF8.GetBytes("xxPaSSword1 PASSWORD1 pass_word1");
        byte[] value = Encoding.UTF8.GetBytes("password1");
        byte[] mask = [.. value.Select(letter => (byte)(char.IsAsciiLetter((char)letter) ? 0xdf : 0xff))];
        Assert.Equal([2, 12], new PatternSet([new BytesPattern("", value, mask)]).Find(bytes, bytes.Length, 0).Select(match => match.Offset));
    }

    [Fact]
    public void Expressions_see_bytes_and_refuse_what_takes_more_than_linear_time()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes("a12b"), 0xff, 0xfe, .. Encoding.UTF8.GetBytes("c3")];
        Assert.Equal([(1, 2), (7, 1)], Of("[0-9]+"));
        Assert.Equal([(4, 2)], Of("\\xff\\xfe"));
        Assert.Throws<ArgumentException>(() => new RegexPattern("", "(a)\\1", false));
        Assert.Throws<ArgumentException>(() => new RegexPattern("", "(?=a)b", false));
        Assert.ThrowsAny<ArgumentException>(() => new RegexPattern("", "(", false));
        Assert.Throws<ArgumentException>(() => new RegexPattern("", "a*", false));

        IEnumerable<(int, int)> Of(string expression) =>
            new PatternSet([new RegexPattern("", expression, false)]).Find(bytes, bytes.Length, 0).Select(match => (match.Offset, match.Length));
    }

    [Fact]
    public void No_more_than_wanted_is_gathered()
    {
        byte[] zeros = new byte[1 << 16];
        Assert.InRange(new PatternSet([new BytesPattern("", [0], [0xff])]).Find(zeros, zeros.Length, 0, 10).Count, 10, 10 + 32);
    }

    [Fact]
    public void A_pattern_of_nothing_or_of_wildcards_alone_is_none()
    {
        Assert.ThrowsAny<ArgumentException>(() => new BytesPattern("", [], []));
        Assert.ThrowsAny<ArgumentException>(() => new BytesPattern("", [1, 2], [0, 0]));
        Assert.ThrowsAny<ArgumentException>(() => new BytesPattern("", new byte[SearchPattern.MostBytes + 1], new byte[SearchPattern.MostBytes + 1]));
    }

    // What a match must be aligned to is checked by the address, as the patterns do.
    private static bool Aligned(SearchPattern pattern, ulong address) => address % ulong.Parse(pattern.Text, CultureInfo.InvariantCulture) == 0;

    private static (SearchPattern Pattern, Func<int, int> At) Pattern(Random random, byte[] bytes)
    {
        if (random.Next(4) == 0)
        {
            int size = 1 << random.Next(4);
            ulong most = ulong.MaxValue >> (64 - (8 * size));
            ulong one = (ulong)random.NextInt64() & most;
            ulong other = (ulong)random.NextInt64() & most;
            (ulong first, ulong last) = one < other ? (one, other) : (other, one);
            int aligned = random.Next(2) == 0 ? size : 1;
            return (new NumberRangePattern($"{aligned}", size, first, last, aligned), at =>
            {
                byte[] number = new byte[8];
                bytes.AsSpan(at, Math.Min(size, bytes.Length - at)).CopyTo(number);
                ulong value = BitConverter.ToUInt64(number);
                return at + size <= bytes.Length && value >= first && value <= last ? size : 0;
            }
            );
        }

        // Of the bytes themselves, so that there is something to be found; sometimes with a byte changed.
        int length = random.Next(1, Math.Min(40, bytes.Length) + 1);
        byte[] value = bytes.AsSpan(random.Next(bytes.Length - length + 1), length).ToArray();
        value[random.Next(length)] ^= (byte)(random.Next(3) == 0 ? 1 : 0);
        byte[] mask = [.. value.Select(_ => (byte)(random.Next(5) == 0 ? random.Next(256) : 0xff))];
        mask[random.Next(length)] = 0xff;
        int alignment = random.Next(4) == 0 ? 1 << random.Next(4) : 1;
        return (new BytesPattern($"{alignment}", value, mask, alignment), at =>
        {
            bool fits = at + length <= bytes.Length;
            for (int i = 0; fits && i < length; i++)
            {
                fits = (bytes[at + i] & mask[i]) == (value[i] & mask[i]);
            }

            return fits ? length : 0;
        }
        );
    }

    private static byte[] Bytes(Random random, int length, int letters)
    {
        byte[] alphabet = [0, 0xff, (byte)'a', (byte)'b', 0x80];
        return [.. Enumerable.Range(0, length).Select(_ => alphabet[random.Next(letters)])];
    }
}
