using CsCheck;

namespace IommuSpy.Memory.Tests;

/// <summary>PhysicalMemory against a dictionary of bytes, over random layouts of runs: mapped, behind readers, and damaged.</summary>
public sealed class PhysicalMemoryModelTests : IDisposable
{
    private const int MaxRun = 40;
    private const int FileBytes = 256;

    private static readonly Gen<Run> GenRun =
        Gen.Select(Gen.Int[0, 12], Gen.Int[1, MaxRun], Gen.Int[0, FileBytes - MaxRun], Gen.Enum<Source>(),
            (gap, length, offset, source) => new Run(gap / 2, length, offset, source));

    // Low, inside, and so that some layouts end at the last address of all.
    private static readonly Gen<ulong> GenStart = Gen.OneOf(Gen.ULong[0, 8], Gen.ULong[0xffff_f000, 0x1_0000_0fff],
        Gen.ULong[ulong.MaxValue - 600, ulong.MaxValue - 1]);

    private static readonly Gen<Layout> GenLayout = Gen.Select(GenStart, GenRun.Array[1, 12], (start, runs) => new Layout(start, runs));

    private static readonly Gen<(Layout Layout, int Back, int Length)> GenRead = Gen.Select(GenLayout, Gen.Int[-MaxRun, 12 * MaxRun], Gen.Int[0, 3 * MaxRun]);

    private readonly byte[] _bytes = [.. Enumerable.Range(0, FileBytes).Select(i => (byte)(i + 1))];
    private readonly TemporaryFile _temporary;
    private readonly MappedFile _file;

    public PhysicalMemoryModelTests()
    {
        _temporary = TemporaryFile.With(_bytes);
        _file = MappedFile.Open(_temporary.Path);
    }

    private enum Source
    {
        Mapped,
        Reader,
        HalfDamaged,
    }

    public void Dispose()
    {
        _file.Dispose();
        _temporary.Dispose();
    }

    [Fact]
    public void Every_way_to_read_agrees_with_a_dictionary_of_bytes() => GenRead.Sample(
        (layout, offset, length) =>
        {
            (PhysicalMemory memory, Dictionary<ulong, byte> model, HashSet<ulong> held) = Build(layout);
            PhysicalAddress address = new(unchecked(layout.Start + (ulong)offset));
            byte[] expected = Expected(model, address.Value, length);

            byte[] read = new byte[length];
            Assert.Equal(expected.Length, memory.Read(address, read));
            Assert.Equal(expected, read[..expected.Length]);

            Assert.Equal(held.Contains(address.Value), memory.Contains(address));

            bool whole = expected.Length == length;
            Assert.Equal(whole, memory.TryGet(address, new byte[length], out ReadOnlySpan<byte> got));
            Assert.Equal(whole ? expected : [], got.ToArray());

            if (memory.TryGetSpan(address, length, out ReadOnlySpan<byte> span))
            {
                Assert.Equal(expected, span.ToArray());
            }

            byte[] word = Expected(model, address.Value, sizeof(ulong));
            Assert.Equal(word.Length == sizeof(ulong), memory.TryRead(address, out ulong value));
            Assert.Equal(word.Length == sizeof(ulong) ? BitConverter.ToUInt64(word) : 0, value);
        },
        iter: 20_000);

    [Fact]
    public void A_span_is_given_wherever_one_mapped_run_holds_all_of_it() => GenLayout.Sample(
        layout =>
        {
            (PhysicalMemory memory, _, _) = Build(layout);
            foreach ((ulong start, Run run) in layout.Placed())
            {
                Assert.Equal(run.Source == Source.Mapped, memory.TryGetSpan(new(start), run.Length, out ReadOnlySpan<byte> whole));
                Assert.Equal(run.Source == Source.Mapped ? _bytes[run.Offset..(run.Offset + run.Length)] : [], whole.ToArray());
                Assert.False(memory.TryGetSpan(new(start), run.Length + 1, out _));
            }
        },
        iter: 2_000);

    [Fact]
    public void Ranges_hold_exactly_the_bytes_of_the_runs_and_never_touch() => GenLayout.Sample(
        layout =>
        {
            (PhysicalMemory memory, _, HashSet<ulong> held) = Build(layout);
            HashSet<ulong> inRanges = [.. memory.Ranges.SelectMany(range => Enumerable.Range(0, (int)range.Length).Select(i => range.Start.Value + (ulong)i))];
            Assert.Equal(held.Order(), inRanges.Order());
            Assert.Equal((ulong)held.Count, memory.ByteCount);
            Assert.All(memory.Ranges.Zip(memory.Ranges.Skip(1)), pair => Assert.True(pair.First.Last.Value < pair.Second.Start.Value - 1));
            Assert.All(memory.Ranges, range => Assert.True(range.Contains(range.Start) && range.Contains(range.Last)));
        },
        iter: 2_000);

    private (PhysicalMemory Memory, Dictionary<ulong, byte> Model, HashSet<ulong> Held) Build(Layout layout)
    {
        List<MemorySegment> segments = [];
        Dictionary<ulong, byte> model = [];
        HashSet<ulong> held = [];
        foreach ((ulong start, Run run) in layout.Placed())
        {
            int readable = run.Source == Source.HalfDamaged ? run.Length / 2 : run.Length;
            PhysicalAddress address = new(start);
            segments.Add(run.Source == Source.Mapped
                ? MemorySegment.InFile(address, _file, (ulong)run.Offset, (ulong)run.Length)
                : MemorySegment.Behind(new ArrayReader(_bytes.AsMemory(run.Offset, readable)), new(address, (ulong)run.Length)));
            for (int i = 0; i < run.Length; i++)
            {
                held.Add(start + (ulong)i);
                if (i < readable)
                {
                    model[start + (ulong)i] = _bytes[run.Offset + i];
                }
            }
        }

        // The order in which a format hands over its runs means nothing.
        segments.Reverse();
        return (new(segments), model, held);
    }

    /// <summary>The bytes before the first that the model lacks, and none past the last address of all.</summary>
    private static byte[] Expected(Dictionary<ulong, byte> model, ulong address, int length)
    {
        List<byte> bytes = [];
        for (ulong at = address; bytes.Count < length && model.TryGetValue(at, out byte value); at++)
        {
            bytes.Add(value);
            if (at == ulong.MaxValue)
            {
                break;
            }
        }

        return [.. bytes];
    }

    private sealed record Run(int Gap, int Length, int Offset, Source Source);

    private sealed record Layout(ulong Start, Run[] Runs)
    {
        /// <summary>The runs that fit below 2^64, each with its first address.</summary>
        public IEnumerable<(ulong Start, Run Run)> Placed()
        {
            UInt128 at = Start;
            foreach (Run run in Runs)
            {
                at += (UInt128)run.Gap;
                if (at + (UInt128)run.Length > (UInt128)1 << 64)
                {
                    yield break;
                }

                yield return ((ulong)at, run);
                at += (UInt128)run.Length;
            }
        }
    }
}
