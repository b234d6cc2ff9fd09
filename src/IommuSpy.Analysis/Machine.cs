using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Linux;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis;

/// <summary>One machine as an image shows it: its memory and the kernel in it. Every answer starts here.</summary>
public sealed class Machine : IDisposable
{
    private readonly Lazy<Part<PageKinds>> _pageKinds;
    private readonly Lazy<UnusualFrames> _unusualFrames;
    private readonly Lazy<GuestFrames> _guestFrames;
    private readonly Lazy<ReverseMap> _reverseMap;
    private readonly Lazy<DeviceInventory> _devices;
    private readonly Lazy<DeviceReach> _deviceReach;
    private readonly string _types;

    private Machine(MemoryImage image, LinuxKernel kernel, string types, GuestPlace? place = null)
    {
        Image = image;
        Kernel = kernel;
        _types = types;
        Place = place;
        Parts = new(kernel, types, image.SystemFiles);
        _reverseMap = new(() => ReverseMap.Of(Parts));
        _unusualFrames = new(() => UnusualFrames.Of(Parts));
        _guestFrames = new(() => GuestFrames.Of(Parts));
        _pageKinds = new(() => Part.Read(() => Frames.PageKinds.Of(Parts, _reverseMap, UnusualFrames)));
        _devices = new(() => DeviceInventory.Of(Parts));
        _deviceReach = new(() => DeviceReach.Of(Devices.Devices, kernel.Memory.Budget));
    }

    /// <summary>The image.</summary>
    public MemoryImage Image { get; }

    /// <summary>The kernel found in it.</summary>
    public LinuxKernel Kernel { get; }

    /// <summary>Where it is in its host, of a virtual machine that was found in one; null for others.</summary>
    public GuestPlace? Place { get; }

    /// <summary>What the kernel keeps in its memory: a value each, or why it is not there.</summary>
    public KernelParts Parts { get; }

    /// <summary>What each page is used for; absent where nothing describes struct page, or where they are is not known.</summary>
    public Part<PageKinds> PageKinds => _pageKinds.Value;

    /// <summary>Which page frames are not memory that the kernel uses.</summary>
    internal UnusualFrames UnusualFrames => _unusualFrames.Value;

    /// <summary>Which page frames are memory of virtual machines.</summary>
    internal GuestFrames GuestFrames => _guestFrames.Value;

    /// <summary>From a page to everyone who maps it; made by the first question that asks.</summary>
    public ReverseMap ReverseMap => _reverseMap.Value;

    /// <summary>The machine's devices, joined with its IOMMUs.</summary>
    public DeviceInventory Devices => _devices.Value;

    /// <summary>From a page to every device that can get at it; made by the first question that asks.</summary>
    public DeviceReach DeviceReach => _deviceReach.Value;

    /// <summary>The kernel's symbols, or null where it has none.</summary>
    public SymbolTable? Symbols => Kernel.Kallsyms?.Symbols;

    /// <summary>Opens an image and finds the kernel in it.</summary>
    /// <param name="path">The image's path.</param>
    /// <param name="options">What the user says of the image.</param>
    /// <param name="types">Which description of its types is asked for: see <see cref="TypeSource"/>.</param>
    /// <exception cref="MemoryImageException">The image cannot be read, or is corrupt.</exception>
    /// <exception cref="LinuxDiscoveryException">No kernel is found in it.</exception>
    public static Machine Open(string path, MemoryImageOptions? options = null, string types = TypeSource.Automatic) => Open([path], options, types);

    /// <summary>Opens an image that stands in one file or in several, and finds the kernel in it.</summary>
    /// <param name="paths">The files: the parts of a split dump, in any order.</param>
    /// <param name="options">What the user says of the image.</param>
    /// <param name="types">Which description of its types is asked for: see <see cref="TypeSource"/>.</param>
    /// <exception cref="MemoryImageException">The image cannot be read, or is corrupt.</exception>
    /// <exception cref="LinuxDiscoveryException">No kernel is found in it.</exception>
    public static Machine Open(IReadOnlyList<string> paths, MemoryImageOptions? options = null, string types = TypeSource.Automatic)
    {
        TypeSource.Check(types);
        return In(MemoryImage.Open(paths, options), options, types);
    }

    /// <summary>Finds the kernel in an image, which is the machine's then, also where this fails.</summary>
    /// <param name="image">The image.</param>
    /// <param name="options">What the user says of it.</param>
    /// <param name="types">Which description of its types is asked for: see <see cref="TypeSource"/>.</param>
    /// <exception cref="MemoryImageException">The image has lost a part of the kernel's memory.</exception>
    /// <exception cref="LinuxDiscoveryException">No kernel is found in it.</exception>
    public static Machine In(MemoryImage image, MemoryImageOptions? options = null, string types = TypeSource.Automatic)
    {
        try
        {
            return Over(image, options, types);
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>Finds the kernel in a virtual machine of this one, which is the other's from then on, also where this fails.</summary>
    /// <param name="wanted">The pid of its process, or its name.</param>
    /// <param name="types">Which description of its types is asked for: see <see cref="TypeSource"/>.</param>
    /// <exception cref="MissingTypeException">This machine's kernel does not tell of virtual machines.</exception>
    /// <exception cref="NoGuestException">There is none of that pid or name.</exception>
    /// <exception cref="LinuxDiscoveryException">No kernel is found in it.</exception>
    public Machine OpenGuest(string wanted, string types = TypeSource.Automatic)
    {
        try
        {
            GuestPlace place = GuestPlace.Of(this, wanted);
            return Over(place.Image(), options: null, types, place);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Finds the kernel in an image that stays the caller's.</summary>
    internal static Machine Over(MemoryImage image, MemoryImageOptions? options = null, string types = TypeSource.Automatic, GuestPlace? place = null)
    {
        LinuxKernel kernel = LinuxKernel.Discover(image);
        if (kernel.Layout.Unplaced is { Count: > 0 } unplaced && options?.AllowTruncated != true)
        {
            throw new MemoryImageException(
                $"{image.Path}: {image.Format}, where nothing says at which address {string.Join(", ", unplaced)} belongs, "
                + "neither its own pointers nor the kernel's list of memory: "
                + "take a dump that does (dump-guest-memory), or analyse the rest with --allow-truncated");
        }

        if (!kernel.MapsMemory && !image.DeclaresItsSize && options?.AllowTruncated != true)
        {
            throw new MemoryImageException(
                $"{image.Path}: {image.Format}, a Linux kernel whose tables map no memory: they are missing, or the file is not read as the machine had it. "
                + "Give the bytes below 4 GiB with --ram-split, all files of its memory with -s each; or analyse what is there with --allow-truncated");
        }

        if (kernel.IsPartial && !image.DeclaresItsSize && options?.AllowTruncated != true)
        {
            throw new MemoryImageException(
                $"{image.Path}: {image.Format}, but its kernel has {Size.Text(kernel.DirectMapBytes)} of memory "
                + $"and the file holds {Size.Text(kernel.Memory.ByteCount)}: {Size.Text(kernel.MissingBytes)} is missing. "
                + "Where it stands in other files, name all of the machine's, each with -s; or analyse what is there with --allow-truncated.");
        }

        return new(image, kernel, types, place);
    }

    /// <summary>The space under a root table, or the kernel's own.</summary>
    public AddressSpace Space(PhysicalAddress? root) => root is PhysicalAddress address ? Kernel.SpaceOf(address) : Kernel.Space;

    /// <summary>Which kind of address it is on this machine.</summary>
    public AddressKind KindOf(VirtualAddress address) =>
        Kernel.Space.IsCanonical(address) ? AddressKinds.Of(Parts.Layout.RegionOf(address).Kind) : AddressKind.NonCanonical;

    /// <summary>The same machine for another who disposes of it: its image is let go of when all have.</summary>
    internal Machine Shared()
    {
        Image.Share();
        return this;
    }

    /// <summary>
    /// The same machine with nothing found out yet beyond its kernel, for whoever goes on after a question that was given up; this one is its from now on.
    /// </summary>
    internal Machine Anew() => new(Image, Kernel, _types, Place is { } place ? place with { Host = place.Host.Anew() } : null);

    /// <inheritdoc/>
    public void Dispose() => Image.Dispose();
}
