using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Memory.Tests.Writing;

public class Sha256Tests
{
    [Fact]
    public void It_is_what_OpenSSL_makes_of_every_length_around_blocks()
    {
        byte[] bytes = new byte[300];
        new Random(1).NextBytes(bytes);
        for (int length = 0; length <= bytes.Length; length++)
        {
            Sha256 hash = new();
            hash.Append(bytes.AsSpan(0, length));
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(0, length))), hash.Finish());
        }
    }

    [Fact]
    public void It_does_not_depend_on_the_pieces()
    {
        byte[] bytes = new byte[100_000];
        Random random = new(2);
        random.NextBytes(bytes);
        Sha256 hash = new();
        for (int at = 0; at < bytes.Length;)
        {
            int length = Math.Min(random.Next(200), bytes.Length - at);
            hash.Append(bytes.AsSpan(at, length));
            at += length;
        }

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), hash.Finish());
    }

    [Fact]
    public unsafe void The_processors_instructions_make_the_same_of_any_number_of_blocks()
    {
        Assert.SkipUnless(X86Base.IsSupported && (X86Base.CpuId(7, 0).Ebx & (1 << 29)) != 0, "this processor has no instructions for SHA-256");
        using TemporaryFile library = TemporaryFile.Nothing();
        using Process compiler = Process.Start("gcc", ["-O2", "-shared", "-fPIC", "-o", library.Path, Path.Combine(AppContext.BaseDirectory, "sha256.c")]);
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
        var add = (delegate* unmanaged<uint*, uint*, byte*, nuint, void>)NativeLibrary.GetExport(NativeLibrary.Load(library.Path), "iommu_spy_sha256");
        Random random = new(3);
        for (int blocks = 0; blocks < 20; blocks++)
        {
            uint[] state = [.. Enumerable.Range(0, 8).Select(_ => (uint)random.NextInt64(1L << 32))];
            byte[] bytes = new byte[(blocks + 1) * Sha256Blocks.Bytes];
            random.NextBytes(bytes);
            uint[] expected = [.. state];
            Sha256Blocks.AddPortably(expected, bytes.AsSpan(0, blocks * Sha256Blocks.Bytes));
            fixed (uint* words = state, constants = Sha256Blocks.Constants)
            fixed (byte* first = bytes)
            {
                add(words, constants, first, (nuint)blocks);
            }

            Assert.Equal(expected, state);
        }
    }

    [Fact]
    public void A_hash_beside_the_writing_is_the_hash_of_what_was_written()
    {
        byte[] bytes = new byte[3_000_000];
        Random random = new(4);
        random.NextBytes(bytes);
        using MemoryStream written = new();
        using HashedStream stream = new(written);
        for (int at = 0; at < bytes.Length;)
        {
            int length = Math.Min(random.Next(300_000), bytes.Length - at);
            stream.Write(bytes.AsSpan(at, length));
            at += length;
        }

        Assert.Equal(bytes, written.ToArray());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), stream.Hash());
    }

    [Fact]
    public void A_disk_that_fails_while_its_bytes_are_hashed_is_said()
    {
        using HashThread hash = new();
        byte[] bytes = new byte[1_000_000];
        Assert.Throws<IOException>(() => hash.Append(bytes, _ => throw new IOException("no space left")));
        hash.Append(bytes, _ => { });
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(new byte[2_000_000])), hash.Finish());
    }
}
