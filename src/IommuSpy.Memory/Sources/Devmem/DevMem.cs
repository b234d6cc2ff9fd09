using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using IommuSpy.Memory.Systems;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory.Sources.Devmem;

/// <summary>
/// Physical addresses of the running machine through /dev/mem (drivers/char/mem.c): memory and the registers of devices. What the kernel refuses is said, with
/// the reason and what would help. Safe to share between threads.
/// </summary>
/// <remarks>
/// Memory is read by pread, where the kernel copies page by page and survives pages that are not there. Everything else is mapped, and accessed in exactly the
/// width asked for. So is memory below 1 MiB: since 4.11 a restricted kernel lets pread see zeros there, while a mapping shows what there is
/// (arch/x86/mm/init.c, devmem_is_allowed).
/// </remarks>
public sealed unsafe class DevMem : IDisposable
{
    private const string Device = "dev/mem";
    private const ulong LowEnd = 1 << 20;

    // The kernel copies page by page, and cannot be interrupted meanwhile.
    private const ulong MostBytes = 1 << 20;
    private const ulong InPage = PageFrame.Size - 1;

    private readonly SafeFileHandle _cached;
    private readonly SafeFileHandle _uncached;
    private readonly bool _writable;
    private readonly DevMemRefusal _refusal;
    private readonly IReadOnlyList<PhysicalRange> _ram;

    private DevMem(SafeFileHandle cached, SafeFileHandle uncached, bool writable, RunningFiles files)
    {
        _cached = cached;
        _uncached = uncached;
        _writable = writable;
        IReadOnlyList<IomemEntry> resources = IomemEntry.Parse(files.Text("proc/iomem") ?? "");
        _ram = IomemEntry.Memory(resources);
        _refusal = new(files, resources);
    }

    /// <summary>Opens /dev/mem.</summary>
    /// <param name="files">The running machine's files.</param>
    /// <param name="writable">Whether it is to be written to.</param>
    /// <exception cref="MemoryImageException">It cannot be opened: one line that says why and what would help.</exception>
    public static DevMem Open(RunningFiles files, bool writable = false)
    {
        ArgumentNullException.ThrowIfNull(files);
        string path = files.PathOf(Device);
        SafeFileHandle? cached = Opener.Device(path, writable, uncached: false, out int error);
        SafeFileHandle? uncached = cached is null ? null : Opener.Device(path, writable, uncached: true, out error);
        if (cached is null || uncached is null)
        {
            cached?.Dispose();
            throw new MemoryImageException($"{path}: {DevMemRefusal.OfOpening(files, error)}");
        }

        return new(cached, uncached, writable, files);
    }

    /// <summary>Whether an address is memory that the kernel manages, rather than a device's or the firmware's.</summary>
    public bool IsMemory(PhysicalAddress address) => MemoryAt(address.Value) is not null;

    /// <summary>What /proc/iomem calls an address: the innermost name; null where nothing claims it, or the file hides addresses.</summary>
    public static string? NameOf(SystemFiles files, PhysicalAddress address)
    {
        ArgumentNullException.ThrowIfNull(files);
        return DevMemRefusal.NameOf(IomemEntry.Parse(files.Text("proc/iomem") ?? ""), address);
    }

    /// <summary>Reads physical addresses.</summary>
    /// <param name="address">The first, of any alignment.</param>
    /// <param name="destination">Where the bytes go.</param>
    /// <param name="width">How wide an access to a device is; a last part that is narrower is read in bytes.</param>
    /// <param name="refusal">Why not all was read and what would help, in one line; null where all was.</param>
    /// <returns>Bytes read before the first that could not be.</returns>
    public int Read(PhysicalAddress address, Span<byte> destination, AccessWidth width, out string? refusal)
    {
        int done = 0;
        bool byPage = false;
        refusal = null;
        while (done < destination.Length)
        {
            ulong at = unchecked(address.Value + (ulong)done);
            if (done > 0 && at == 0)
            {
                refusal = "the physical address space ends here";
                return done;
            }

            (bool mapped, ulong run) = RunAt(at, (ulong)(destination.Length - done), byPage ? PageFrame.Size - (at & InPage) : MostBytes);
            Span<byte> part = destination.Slice(done, (int)run);
            int error = 0;
            int got = mapped ? ReadMapped(at, part, width, out error) : ReadCopied(at, part, out error);
            done += got;
            if (got == part.Length)
            {
                continue;
            }

            // One page refused is the whole call refused: the pages before it are read by themselves.
            if (got == 0 && (byPage || run <= PageFrame.Size - (at & InPage)))
            {
                refusal = _refusal.Of(new(unchecked(address.Value + (ulong)done)), error, writing: false);
                return done;
            }

            byPage = true;
        }

        return done;
    }

    /// <summary>Writes one value in one access.</summary>
    /// <param name="address">Where, of any alignment.</param>
    /// <param name="value">The value; the width's low bits of it.</param>
    /// <param name="width">The width of the access.</param>
    /// <param name="refusal">Why nothing was written and what would help, in one line; null where it was.</param>
    public bool TryWrite(PhysicalAddress address, ulong value, AccessWidth width, [NotNullWhen(false)] out string? refusal)
    {
        refusal = null;
        ulong length = (ulong)width;
        if (!_writable)
        {
            throw new InvalidOperationException("opened for reading alone");
        }

        int error = NativeFile.InvalidArgument;
        if (address.Value > ulong.MaxValue - length || !TryMap(address.Value, length, writable: true, out Mapping mapping, out error))
        {
            refusal = _refusal.Of(address, error, writing: true);
            return false;
        }

        byte* at = mapping.At;
        switch (width)
        {
            case AccessWidth.Bits8:
                Volatile.Write(ref *at, (byte)value);
                break;
            case AccessWidth.Bits16:
                Volatile.Write(ref *(ushort*)at, (ushort)value);
                break;
            case AccessWidth.Bits32:
                Volatile.Write(ref *(uint*)at, (uint)value);
                break;
            default:
                Volatile.Write(ref *(ulong*)at, value);
                break;
        }

        mapping.Unmap();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cached.Dispose();
        _uncached.Dispose();
    }

    /// <summary>From an address on, how many bytes are accessed in the same way, and whether by mapping.</summary>
    private (bool Mapped, ulong Length) RunAt(ulong at, ulong wanted, ulong most)
    {
        ulong length = Math.Min(wanted, most);
        if (at < LowEnd)
        {
            return (true, Math.Min(length, LowEnd - at));
        }

        if (MemoryAt(at) is PhysicalRange memory)
        {
            return (false, Math.Min(length, memory.Length - (at - memory.Start.Value)));
        }

        foreach (PhysicalRange range in _ram)
        {
            if (range.Start.Value > at)
            {
                length = Math.Min(length, range.Start.Value - at);
                break;
            }
        }

        return (true, length);
    }

    private PhysicalRange? MemoryAt(ulong at)
    {
        foreach (PhysicalRange range in _ram)
        {
            if (range.Contains(new(at)))
            {
                return range;
            }
        }

        return null;
    }

    private int ReadCopied(ulong at, Span<byte> destination, out int error)
    {
        long read = NativeFile.Read(_cached, destination, at);
        error = read < 0 ? (int)-read : 0;
        return (int)Math.Max(read, 0);
    }

    private int ReadMapped(ulong at, Span<byte> destination, AccessWidth width, out int error)
    {
        if (!TryMap(at, (ulong)destination.Length, writable: false, out Mapping mapping, out error))
        {
            return 0;
        }

        Copy(mapping.At, destination, width);
        mapping.Unmap();
        return destination.Length;
    }

    private bool TryMap(ulong at, ulong length, bool writable, out Mapping mapping, out int error)
    {
        ulong first = at & ~InPage;
        ulong bytes = ((at - first) + length + InPage) & ~InPage;
        bool isMemory = at < LowEnd || MemoryAt(at) is not null;
        byte* pages = NativeFile.Map(isMemory ? _cached : _uncached, first, bytes, writable, out error);
        if (pages is null && error == NativeFile.TryAgain)
        {
            // Somebody has it mapped the other way, and one page is cached in one way alone (arch/x86/mm/pat).
            pages = NativeFile.Map(isMemory ? _uncached : _cached, first, bytes, writable, out error);
        }

        mapping = new(pages, pages + (at - first), bytes);
        return pages is not null;
    }

    // One access a value, and none that is not asked for: reading is an action to a device.
    private static void Copy(byte* source, Span<byte> destination, AccessWidth width)
    {
        int step = (int)width;
        int at = 0;
        for (; destination.Length - at >= step; at += step)
        {
            switch (width)
            {
                case AccessWidth.Bits8:
                    destination[at] = Volatile.Read(ref source[at]);
                    break;
                case AccessWidth.Bits16:
                    MemoryMarshal.Write(destination[at..], Volatile.Read(ref *(ushort*)(source + at)));
                    break;
                case AccessWidth.Bits32:
                    MemoryMarshal.Write(destination[at..], Volatile.Read(ref *(uint*)(source + at)));
                    break;
                default:
                    MemoryMarshal.Write(destination[at..], Volatile.Read(ref *(ulong*)(source + at)));
                    break;
            }
        }

        for (; at < destination.Length; at++)
        {
            destination[at] = Volatile.Read(ref source[at]);
        }
    }

    private readonly struct Mapping(byte* pages, byte* at, ulong length)
    {
        internal byte* At => at;

        internal void Unmap() => NativeFile.Unmap(pages, length);
    }
}
