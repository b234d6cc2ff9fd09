using System.Globalization;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Pages;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Linux;
using IommuSpy.Memory;
using IommuSpy.Memory.Search;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Find;

/// <summary>Every place in memory where a pattern matches, in order of address.</summary>
public sealed class FindList
{
    private const int MostContent = 32;
    private const int MostProcesses = 8;

    private readonly Machine _machine;
    private readonly FindQuery _query;
    private readonly AddressSpace? _space;

    private FindList(Machine machine, FindQuery query)
    {
        (_machine, _query) = (machine, query);
        bool user = query.Range is not { } range || range.First.Value <= machine.Kernel.Space.LastUserAddress.Value;
        _space = query.Process?.Root is PhysicalAddress root && user ? machine.Parts.UserSpace(root)
            : query.Kernel || query.Range is not null ? machine.Kernel.Space
            : null;
    }

    /// <summary>Hands over each match.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="query">What is searched for, and where.</param>
    /// <param name="receive">Takes them.</param>
    /// <returns>What is missing, a line each.</returns>
    public static IReadOnlyList<string> Read(Machine machine, FindQuery query, Action<FoundBytes> receive)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(receive);
        return new FindList(machine, query).Read(receive);
    }

    private List<string> Read(Action<FoundBytes> receive)
    {
        PhysicalMemory memory = _machine.Kernel.Memory;
        List<string> problems = [];
        long count = 0;
        bool more = false;
        bool Take(ulong address, SearchMatch match)
        {
            more = count == _query.Most;
            if (!more)
            {
                count++;
                receive(Found(address, match));
            }

            return !more;
        }

        // One more than is wanted tells whether there are more.
        long most = _query.Most == long.MaxValue ? long.MaxValue : _query.Most + 1;
        if (_space is null)
        {
            new MemorySearch(_query.Patterns, memory).Run(MemorySearch.RangesOf(memory, _query.Patterns, _query.Physical), Take, most);
        }
        else
        {
            (VirtualAddress first, VirtualAddress last) = _query.Range
                ?? (_query.Process is null ? (_space.FirstKernelAddress, new(ulong.MaxValue)) : (new(0), _space.LastUserAddress));
            if (first.Value <= _space.LastUserAddress.Value && last.Value > _space.LastUserAddress.Value)
            {
                last = _space.LastUserAddress;
            }

            MappedRuns runs = new(memory, first, last);
            WalkSummary walk = _space.Visit(first, last, ref runs);
            if (walk.MissingTables > 0)
            {
                problems.Add($"{walk.MissingTables} of its page tables cannot be read: what they map is not searched");
            }

            if (runs.IsCut)
            {
                problems.Add("more is mapped there than memory can fill four times: what comes after that is not searched");
            }

            new MemorySearch(_query.Patterns, (address, bytes) => _space.Read(new(address), bytes)).Run(runs.Runs, Take, most);
        }

        if (more)
        {
            problems.Add($"there are more than {_query.Most} matches: --limit 0 shows all");
        }

        ulong missing = memory.ExcludedBytes + memory.LostBytes;
        if (missing > 0)
        {
            problems.Add($"{Size.Text(missing)} of memory is not in the image, and was not searched");
        }

        return problems;
    }

    private FoundBytes Found(ulong address, SearchMatch match)
    {
        byte[] content = new byte[Math.Min(match.Length, MostContent)];
        PhysicalAddress physical = new(address);
        VirtualAddress? place = null;
        if (_space is null)
        {
            _ = _machine.Kernel.Memory.Read(physical, content);
            place = _machine.Kernel.DirectMapAddress(physical);
        }
        else
        {
            place = new(address);
            _ = _space.TryTranslate(place.Value, out physical);
            _ = _space.Read(place.Value, content);
        }

        PageUse? use = _machine.PageKinds.Value?.UseOf(physical.Frame);
        return new(
            _query.Patterns.Patterns[match.Pattern].Text,
            physical,
            place,
            _query.Process?.Pid,
            (ulong)match.Length,
            content,
            use?.ToString(),
            SymbolAt(physical, place, use?.Kind),
            use?.Kind == PageKind.Slab ? ObjectAt(physical) : null,
            [.. Processes(physical)]);
    }

    // Where the kernel has given a part of its image back, symbols still reach, and say nothing of what is there now.
    private string? SymbolAt(PhysicalAddress physical, VirtualAddress? place, PageKind? kind) =>
        (kind is null or PageKind.KernelImage or PageKind.PerCpu ? _machine.Parts.SymbolAt(physical) : null)?.ToString()
            ?? (kind is null or PageKind.Vmalloc && place is VirtualAddress at ? _machine.Parts.SymbolAt(at)?.ToString() : null);

    private string? ObjectAt(PhysicalAddress physical) =>
        Part.Read(() => _machine.Parts.Slabs.Required).Value is not null && SlabAddressReport.Of(_machine, physical) is { Object: { } item, Offset: { } offset }
            ? string.Create(CultureInfo.InvariantCulture, $"{item.State} {item.Virtual}+0x{offset.Value:x}")
            : null;

    private IEnumerable<string> Processes(PhysicalAddress physical)
    {
        ulong within = physical.Value % PageFrame.Size;
        return _machine.ReverseMap.MappersOf(physical.Frame).Where(mapper => mapper.Root is not null)
            .SelectMany(mapper => Owners(mapper).Select(owner => $"{owner}:{mapper.Address + within}")).Take(MostProcesses);
    }

    private IEnumerable<string> Owners(PageMapper mapper) => _machine.Parts.OwnersOf(mapper.Root!.Value) is { Count: > 0 } owners
        ? owners.Select(owner => owner.Pid.ToString(CultureInfo.InvariantCulture))
        : [mapper.Root.Value.ToString()];
}
