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
}
