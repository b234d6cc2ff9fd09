namespace IommuSpy.Memory;

/// <summary>What the system says of a file (statx(2)).</summary>
/// <param name="Device">The device that it is on.</param>
/// <param name="Inode">Its number there.</param>
/// <param name="Owner">The user whose it is.</param>
/// <param name="Mode">Its kind and its permissions.</param>
/// <param name="ChangeSeconds">
/// When it or what is said of it was changed last, in seconds since 1970: unlike the time of its content, no program sets it.
/// </param>
/// <param name="ChangeNanoseconds">What comes on top of the seconds.</param>
internal readonly record struct FileStatus(ulong Device, ulong Inode, uint Owner, ushort Mode, long ChangeSeconds, uint ChangeNanoseconds)
{
    private const int KindMask = 0xf000;
    private const int Directory = 0x4000;
    private const int OfOthers = 0x3f;

    /// <summary>Whether it is a folder that nobody but its owner can look into.</summary>
    public bool IsPrivateFolder => (Mode & KindMask) == Directory && (Mode & OfOthers) == 0;

    /// <summary>Whether it is the same file as another, by whatever names.</summary>
    public bool IsSameAs(FileStatus other) => Device == other.Device && Inode == other.Inode;
}
