using System.Runtime.CompilerServices;

namespace IommuSpy.Cli.Tests;

/// <summary>Texts that are held as files: with IOMMU_SPY_GOLDEN=renew in the environment they are written anew, to be read and committed.</summary>
internal static class Golden
{
    /// <summary>Compares a text with a file.</summary>
    /// <param name="path">The file, from the top of the repository on.</param>
    /// <param name="text">The text.</param>
    public static void Holds(string path, string text)
    {
        string file = Path.Combine(Top(), path);
        if (Environment.GetEnvironmentVariable("IOMMU_SPY_GOLDEN") == "renew")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }

        Assert.True(File.Exists(file), $"{path} is missing: run the tests with IOMMU_SPY_GOLDEN=renew");
        Assert.Equal(File.ReadAllText(file), text);
    }

    private static string Top([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
