namespace IommuSpy.Memory.Systems;

/// <summary>Files of a machine as they were recorded with an image of its memory.</summary>
/// <param name="origin">Where they were recorded: "IOMMU_SPY note of dump.elf".</param>
/// <param name="files">Their bytes by path.</param>
/// <param name="links">Where links lead, by path.</param>
/// <param name="registers">Registers of devices, by the physical address of the first byte.</param>
public sealed class RecordedFiles(
    string origin, IReadOnlyDictionary<string, byte[]> files, IReadOnlyDictionary<string, string> links,
    IReadOnlyDictionary<PhysicalAddress, byte[]> registers) : SystemFiles
{
    /// <summary>What there is of files.</summary>
    public IReadOnlyDictionary<string, byte[]> Files => files;

    /// <summary>What there is of links.</summary>
    public IReadOnlyDictionary<string, string> Links => links;

    /// <summary>What there is of registers.</summary>
    public IReadOnlyDictionary<PhysicalAddress, byte[]> RegisterPages => registers;

    /// <inheritdoc/>
    public override string Origin => origin;

    /// <inheritdoc/>
    public override byte[]? Read(string path) => files.GetValueOrDefault(path);

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names(string directory)
    {
        string prefix = directory + "/";
        return [.. files.Keys.Concat(links.Keys).Where(path => path.StartsWith(prefix, StringComparison.Ordinal))
            .Select(path => path[prefix.Length..].Split('/')[0]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public override string? Link(string path) => links.GetValueOrDefault(path);

    /// <inheritdoc/>
    public override byte[]? Registers(PhysicalAddress address, int length)
    {
        PhysicalAddress page = new(address.Value & ~(ulong)(PageFrame.Size - 1));
        int offset = (int)(address.Value - page.Value);
        return registers.TryGetValue(page, out byte[]? bytes) && offset + length <= bytes.Length ? bytes.AsSpan(offset, length).ToArray() : null;
    }
}
