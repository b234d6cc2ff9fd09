namespace IommuSpy.Memory;

/// <summary>Which machine an image is of, as files say it: each format has one of the two.</summary>
/// <param name="ElfMachine">e_machine of an ELF header: 62 for x86-64 (System V ABI); null where the format has none.</param>
/// <param name="Name">utsname.machine, as `uname -m` prints it: "x86_64"; null where the format has none.</param>
public sealed record ImageMachine(ushort? ElfMachine, string? Name)
{
    /// <summary>Whether two may be the same: nothing that both say differs.</summary>
    public bool MayBe(ImageMachine other) => (ElfMachine is null || other.ElfMachine is null || ElfMachine == other.ElfMachine)
        && (Name is null || other.Name is null || string.Equals(Name, other.Name, StringComparison.Ordinal));

    /// <summary>The name, or else the number.</summary>
    public override string ToString() => Name ?? $"ELF machine {ElfMachine}";
}
