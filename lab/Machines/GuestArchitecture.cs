namespace IommuSpy.Lab.Machines;

/// <summary>What differs between guests of different CPUs: whose kernels and programs they are, and what machine QEMU makes for them.</summary>
/// <param name="Debian">As Debian's packages name it.</param>
/// <param name="Emulator">QEMU's program for it.</param>
/// <param name="Compiler">What builds programs for it.</param>
/// <param name="Board">QEMU's machine, and properties that it always has.</param>
/// <param name="Console">The kernel's name of the first serial port.</param>
/// <param name="HasAhci">Whether the machine has an AHCI controller.</param>
/// <param name="FewestSymbols">No kernel of it that a guest runs has fewer.</param>
/// <param name="PackageGroup">The group of packages.txt that it takes beyond the lab's; null for none.</param>
internal sealed record GuestArchitecture(
    string Debian, string Emulator, string Compiler, string Board, string Console, bool HasAhci, int FewestSymbols, string? PackageGroup)
{
    public static readonly GuestArchitecture X64 = new(
        "amd64", Emulator: "qemu-system-x86_64", Compiler: "gcc", "q35", "ttyS0", HasAhci: true, FewestSymbols: 50_000, PackageGroup: null);

    /// <remarks>Debian's arm64 kernels until 6.1 list functions alone, so that there are fewer.</remarks>
    public static readonly GuestArchitecture Arm64 = new(
        "arm64", Emulator: "qemu-system-aarch64", Compiler: "aarch64-linux-gnu-gcc", "virt,gic-version=3", "ttyAMA0", HasAhci: false, FewestSymbols: 40_000,
        PackageGroup: "lab-arm64");

    public static IReadOnlyList<GuestArchitecture> All { get; } = [X64, Arm64];

    /// <summary>Whether it is this machine's: programs of this machine run in its guests.</summary>
    public bool IsHost => this == X64;
}
