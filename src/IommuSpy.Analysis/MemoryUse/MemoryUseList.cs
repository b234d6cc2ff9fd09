using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Vmalloc;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Vmalloc;
using IommuSpy.Linux.Zones;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.MemoryUse;

/// <summary>Where memory went: every page that has a struct page, once, so that the parts together are the machine.</summary>
public sealed class MemoryUseList
{
    private const int CopyBytes = 1 << 16;

    private readonly Machine _machine;
    private readonly PageKinds _kinds;
    private readonly bool _byFile;
    private readonly bool _byProcess;
    private readonly Dictionary<(PageKind Kind, string? Part, MemoryZone? Zone), ulong> _parts = [];
    private readonly Dictionary<RequesterId, string> _devices = [];
    private MemoryZone? _zone;
    private int _order;

    private MemoryUseList(Machine machine, bool byFile, bool byProcess)
    {
        (_machine, _kinds, _byFile, _byProcess) = (machine, machine.PageKinds.Required, byFile, byProcess);
    }

    /// <summary>Counts the pages of a machine.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="byFile">Whether each file is a part, rather than each file system.</param>
    /// <param name="byProcess">Whether the processes that map a page of theirs together are a part, which looks each of these pages up.</param>
    /// <returns>The parts: uses by how much each takes, then the parts of each; and what is missing, a line each.</returns>
    /// <exception cref="Linux.Types.MissingTypeException">Nothing describes struct page.</exception>
    public static (IReadOnlyList<MemoryUseRow> Rows, IReadOnlyList<string> Problems) Of(Machine machine, bool byFile = false, bool byProcess = false)
    {
        ArgumentNullException.ThrowIfNull(machine);
        return new MemoryUseList(machine, byFile, byProcess).Count();
    }

    private (IReadOnlyList<MemoryUseRow> Rows, IReadOnlyList<string> Problems) Count()
    {
        MemoryPages pages = _machine.Parts.Pages.Required;
        PageCursor cursor = new(pages, new byte[CopyBytes]);
        ulong unreadable = 0;
        foreach (PageSection section in pages.Array.Sections)
        {
            for (ulong i = 0; i < PageSection.Frames; i++)
            {
                PageFrame frame = new(section.First.Number + i);
                if (!section.Has(frame))
                {
                    continue;
                }

                if (_machine.UnusualFrames.KindOf(frame, pages.StateOf(frame)) is PageKind unusual)
                {
                    Add(unusual, null, frame);
                }
                else if (cursor.MoveTo(frame))
                {
                    PageKind kind = _kinds.KindOf(ref cursor);
                    Add(kind, PartOf(ref cursor, kind), frame);
                }
                else
                {
                    unreadable++;
                }
            }
        }

        Dictionary<PageKind, ulong> ofKind = _parts.GroupBy(part => part.Key.Kind).ToDictionary(kind => kind.Key, Sum);
        return (
            [
                .. _parts.OrderByDescending(part => ofKind[part.Key.Kind]).ThenBy(part => part.Key.Kind).ThenByDescending(part => part.Value)
                    .ThenBy(part => part.Key.Part, StringComparer.Ordinal)
                    .Select(part => new MemoryUseRow(part.Key.Kind, part.Key.Part, part.Key.Zone?.Node, part.Key.Zone?.Name, part.Value)),
            ],
            unreadable == 0 ? [] : [$"the struct pages of {unreadable} pages cannot be read: they are not counted"]);
    }

    private static ulong Sum(IEnumerable<KeyValuePair<(PageKind, string?, MemoryZone?), ulong>> parts) => parts.Aggregate(0UL, (sum, part) => sum + part.Value);

    private void Add(PageKind kind, string? part, PageFrame frame)
    {
        // Neighbours are of one zone, nearly always.
        if (_zone?.Contains(frame) != true)
        {
            _zone = _machine.Parts.Zones.Value?.ZoneOf(frame);
        }

        (PageKind, string?, MemoryZone?) key = (kind, part, _zone);
        _parts[key] = _parts.GetValueOrDefault(key) + 1;
    }

    private string? PartOf(ref PageCursor cursor, PageKind kind)
    {
        PageFrame frame = cursor.Page.Frame;
        switch (kind)
        {
            case PageKind.Free:
                // A free block's first page has its order; those behind it have nothing.
                _order = cursor.Type == PageType.Buddy ? (int)cursor.Page.Private : _order;
                return $"order {_order}";
            case PageKind.FreeCached:
                return _kinds.CachedBy(frame) is { } cpu ? $"CPU {cpu.Cpu}" : null;
            case PageKind.Slab:
                return _machine.Parts.Slabs.Value?.CacheOf(frame)?.Name;
            case PageKind.File:
                PageFile file = _machine.Parts.PageFiles.Required.Of(new(cursor.Folio.Head.Mapping & ~3UL));
                return _byFile ? file.ToString() : FileSystem(file);
            case PageKind.Anonymous or PageKind.Ksm:
                return _byProcess ? _kinds.UseOf(frame).Owner : null;
            case PageKind.Hugetlb:
                return cursor.Folio.Head.References == 0 ? "free, in the pool" : "in use";
            case PageKind.PageTable:
                return _machine.ReverseMap.TableIn(frame) is { } table ? (table.Root is null ? "the kernel's" : "processes'") : null;
            case PageKind.Vmalloc:
                return Caller(frame);
            case PageKind.KernelImage:
                return _kinds.UseOf(frame).Owner;
            case PageKind.Kernel or PageKind.LargeKmalloc or PageKind.NetworkPool or PageKind.Unreferenced:
                return Buffers(frame);
            default:
                return null;
        }
    }

    private static string? FileSystem(PageFile file) =>
        file.FileSystem is null || file.SuperBlock is not { Length: > 0 } device || device == file.FileSystem ? file.FileSystem : $"{file.FileSystem} {device}";

    private string? Caller(PageFrame frame)
    {
        if (_kinds.MappedAt(frame) is not VirtualAddress address)
        {
            return null;
        }

        return _machine.Parts.Vmalloc.Value?.At(address) is not VmallocArea area ? _machine.Parts.Layout.RegionOf(address).Name
            : _machine.Parts.Stacks.Value?.Owner(area.Start) is not null ? "task stacks"
            : VmallocReport.CallerOf(_machine, area)?.Symbol.Name;
    }

    // Memory of the kernel's own that a device's tables map: its buffers and queues.
    private string? Buffers(PageFrame frame)
    {
        DeviceReacher[] reachers = [.. _machine.DeviceReach.ReachersOf(frame).Take(2)];
        return reachers.Length == 0 ? null
            : reachers.Length > 1 && reachers[1].Device != reachers[0].Device ? "mapped for several devices"
            : _devices.TryGetValue(reachers[0].Device.Address, out string? text) ? text
            : _devices[reachers[0].Device.Address] = $"mapped for {reachers[0].Device.Address}";
    }
}
