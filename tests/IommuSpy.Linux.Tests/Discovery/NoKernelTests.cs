using System.Diagnostics;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Discovery;

/// <summary>Images with no kernel in them are refused: quickly, in one line, by the one exception.</summary>
public class NoKernelTests
{
    private const int Bytes = 64 << 20;

    public static TheoryData<string> Names => [.. Images.Keys];

    private static Dictionary<string, Action<byte[]>> Images => new(StringComparer.Ordinal)
    {
        ["all zero"] = _ => { },
        ["all 0xff"] = bytes => bytes.AsSpan().Fill(0xff),
        ["all 0x67: each entry a table"] = bytes => bytes.AsSpan().Fill(0x67),
        ["random"] = bytes => new Random(1).NextBytes(bytes),
        ["each page a table whose entries point at itself"] = bytes => EachPage(bytes, (page, _) => page),
        ["each page a table whose entries point at the next page"] = bytes => EachPage(bytes, (page, _) => (page + 1) % (Bytes / 4096)),
        ["each page a table of 512 other pages"] = bytes => EachPage(bytes, (page, entry) => ((page * 31) + entry) % (Bytes / 4096)),
        ["the words of a banner, and nothing around them"] = bytes => "Linux version 6.1.0 (x) #1 SMP\n"u8.CopyTo(bytes.AsSpan(0x100_0000)),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void IsRefused(string name)
    {
        byte[] bytes = new byte[Bytes];
        Images[name](bytes);
        using TemporaryFile file = TemporaryFile.With(bytes);
        using MemoryImage image = MemoryImage.Open(file.Path);
        Stopwatch watch = Stopwatch.StartNew();
        LinuxDiscoveryException refusal = Assert.Throws<LinuxDiscoveryException>(() => LinuxKernel.Discover(image));
        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1), $"took {watch.Elapsed}");
        Assert.StartsWith(file.Path + ": no Linux kernel found", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(8192 + 17)]
    public void AFewBytesAreRefused(int bytes)
    {
        using TemporaryFile file = TemporaryFile.With(new byte[bytes]);
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Throws<LinuxDiscoveryException>(() => LinuxKernel.Discover(image));
    }

    private static void EachPage(byte[] bytes, Func<int, int, int> target)
    {
        Span<ulong> words = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(bytes.AsSpan());
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = ((ulong)target(i / 512, i % 512) << 12) | 0x63;
        }
    }
}
