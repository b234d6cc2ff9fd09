using IommuSpy.Lab.Recording;

namespace IommuSpy.Lab.Tests;

public sealed class SparseFileTests
{
    public static TheoryData<int, int, int> Contents => new()
    {
        // Length, then the first and last byte that are not zero.
        { 0, -1, -1 },
        { 1, 0, 0 },
        { 10_000, -1, -1 },
        { 4096, 4095, 4095 },
        { 4097, 4096, 4096 },
        { (3 << 20) + 123, 5, (3 << 20) + 122 },
        { 8 << 20, 1 << 20, 2 << 20 },
        { 8 << 20, (2 << 20) - 1, 7 << 20 },
    };

    [Theory]
    [MemberData(nameof(Contents))]
    public void ACopyHasTheSameBytes(int length, int first, int last)
    {
        var content = new byte[length];
        foreach (int position in new[] { first, last }.Where(position => position >= 0))
        {
            content[position] = 0xa5;
        }

        string path = Path.GetTempFileName();
        try
        {
            SparseFile.Copy(new MemoryStream(content), path);
            Assert.Equal(content, File.ReadAllBytes(path));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
