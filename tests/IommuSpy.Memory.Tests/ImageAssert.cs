namespace IommuSpy.Memory.Tests;

/// <summary>What every refusal of a source has to be.</summary>
internal static class ImageAssert
{
    /// <summary>Opening the file is refused in one line that names the file and says <paramref name="words"/>.</summary>
    internal static void Refused(string path, MemoryImageOptions? options, params string[] words)
    {
        string message = Assert.Throws<MemoryImageException>(() => MemoryImage.Open(path, options).Dispose()).Message;
        Assert.StartsWith(path + ": ", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.All(words, word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    /// <summary>Opening a file of these bytes is refused in one line that names the file and says <paramref name="words"/>.</summary>
    internal static void Refused(byte[] file, params string[] words)
    {
        using TemporaryFile temporary = TemporaryFile.With(file);
        Refused(temporary.Path, null, words);
    }
}
