using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Files;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Memory.Views;

namespace IommuSpy.Linux.Kvm;

/// <summary>
/// The pages of files and of shared memory that a process has mapped and has no entry for: the page cache may have them all the same
/// (include/linux/fs.h, struct address_space).
/// </summary>
/// <param name="host">The kernel that keeps them.</param>
internal sealed class SharedPages(KernelParts host)
{
    private const string NotCached = "not in memory: it is in a file, whose page the host's page cache does not have";
    private const string Swapped = "swapped out by the host, as a page of shared memory";
    private const string Unknown = "not known: nothing describes the host's page cache";

    // xa_is_value: of shared memory, a swap entry; of other files, what a page left behind that is gone.
    private const ulong ValueBit = 1;

    private readonly Dictionary<VirtualAddress, (Dictionary<ulong, ulong>? Pages, bool IsShared)> _files = [];
    private WorkAllowance _allowance = new(host.Kernel.Memory.Budget, Work.Steps, KernelList.MaxElements);

    /// <summary>One page.</summary>
    /// <param name="area">The area, of a file.</param>
    /// <param name="address">The page's address.</param>
    /// <returns>Where it is; null where as many were looked up as one run may.</returns>
    public MemoryPiece? At(MemoryArea area, VirtualAddress address)
    {
        PhysicalRange range = new(new(0), PageFrame.Size);
        if (!_allowance.TryUse())
        {
            return null;
        }

        if (area.File is not KernelFile file || Pages(file) is not ({ } pages, bool isShared) || host.Pages.Value is not MemoryPages known)
        {
            return new(range, null, Unknown);
        }

        ulong index = (area.Offset + (address - area.Start)) >> PageFrame.Shift;
        if (!pages.TryGetValue(index, out ulong value))
        {
            return LargeAround(pages, known, index) is PhysicalAddress inside ? new(range, inside) : new(range, null, isShared ? null : NotCached);
        }

        return (value & ValueBit) != 0 ? new(range, null, isShared ? Swapped : NotCached)
            : known.Array.FrameOf(new(value)) is PageFrame frame ? new(range, frame.Address)
            : new(range, null, Unknown);
    }

    /// <summary>Gives back what of the budget was not used.</summary>
    public void Finish() => _allowance.Finish();

    // A large folio stands at the first of its indexes.
    private static PhysicalAddress? LargeAround(Dictionary<ulong, ulong> pages, MemoryPages known, ulong index)
    {
        const int HighestOrder = 9;
        Span<byte> copy = stackalloc byte[1 << 12];
        PageCursor cursor = new(known, copy);
        for (int order = 1; order <= HighestOrder; order++)
        {
            ulong first = index & ~((1UL << order) - 1);
            if (first != index && pages.TryGetValue(first, out ulong head) && (head & ValueBit) == 0 && known.Array.FrameOf(new(head)) is PageFrame frame
                && cursor.MoveTo(frame) && cursor.Folio.Order >= order)
            {
                return new PageFrame(frame.Number + (index - first)).Address;
            }
        }

        return null;
    }

    private (Dictionary<ulong, ulong>? Pages, bool IsShared) Pages(KernelFile file)
    {
        if (_files.TryGetValue(file.Address, out (Dictionary<ulong, ulong>? Pages, bool IsShared) known))
        {
            return known;
        }

        KernelObjects objects = host.Objects.Required;
        Field? array = objects.Types.FindField("address_space", "i_pages", "page_tree");
        Dictionary<ulong, ulong>? pages = null;
        if (array is not null && objects.Pointer(file.Address, objects.Types.FindField("file", "f_mapping")) is VirtualAddress mapping)
        {
            XArray entries = XArray.Read(objects, mapping + array.Offset, withValues: true);
            if (entries.Damage is null)
            {
                pages = [];
                foreach ((ulong index, ulong value) in entries.Entries)
                {
                    pages.TryAdd(index, value);
                }
            }
        }

        return _files[file.Address] = (pages, IsSharedMemory(file));
    }

    private bool IsSharedMemory(KernelFile file)
    {
        KernelObjects objects = host.Objects.Required;
        return objects.Pointer(file.Address, objects.Types.FindField("file", "f_inode")) is VirtualAddress inode
            && objects.Pointer(inode, objects.Types.FindField("inode", "i_sb")) is VirtualAddress super
            && objects.Pointer(super, objects.Types.FindField("super_block", "s_type")) is VirtualAddress type
            && objects.Pointer(type, objects.Types.FindField("file_system_type", "name")) is VirtualAddress name
            && objects.Text(name, most: 16) is "tmpfs" or "devtmpfs" or "shm";
    }
}
