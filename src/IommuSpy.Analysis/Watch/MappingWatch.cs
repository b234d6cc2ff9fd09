using System.Diagnostics;
using IommuSpy.Analysis.Dma;
using IommuSpy.Linux.Devices;
using IommuSpy.Linux.Tracing;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Watch;

/// <summary>
/// Watches what devices have mapped in their IOMMUs: begins with what the tables say, and follows the kernel's own events; where these are not to be had, looks
/// at the tables again and again. Not to be shared between threads.
/// </summary>
public sealed class MappingWatch
{
    private const double Second = 1e6;
    private readonly MappingTrace? _trace;
    private readonly List<WatchedDomain> _domains = [];
    private readonly Dictionary<VirtualAddress, WatchedDomain> _byAddress = [];
    private readonly Dictionary<string, WatchedDomain> _byDevice = new(StringComparer.Ordinal);
    private readonly Queue<MappingEvent> _later = new();
    private readonly long _began;
    private readonly WorkBudget _budget;
    private long _from;
    private long _lost;

    /// <summary>Begins to watch: takes what the tables say now.</summary>
    /// <param name="machine">The machine, whose memory is read as it is at each look.</param>
    /// <param name="trace">The kernel's events, begun before; null to compare tables.</param>
    public MappingWatch(Machine machine, MappingTrace? trace)
    {
        ArgumentNullException.ThrowIfNull(machine);
        _trace = trace;
        _budget = machine.Kernel.Memory.Budget;
        foreach (IGrouping<object, MachineDevice> sharing in machine.Devices.Devices
            .Where(device => device.Access == DeviceAccess.Translated)
            .GroupBy(device => device.Group?.Domain?.Address is VirtualAddress at ? (object)at : device.Context?.Space?.Root ?? (object)device.Address))
        {
            IommuDomain? domain = sharing.First().Group?.Domain;
            IoAddressSpace? space = sharing.Select(device => device.Context?.Space).FirstOrDefault(space => space is not null);
            Add(new([.. sharing.Select(device => device.Address.ToString())],
                [.. sharing.Select(device => device.Function?.Driver).OfType<string>().Distinct(StringComparer.Ordinal)], domain?.Address, space),
                domain?.Address);
        }

        _lost = _trace?.CountLost() ?? 0;
        foreach (WatchedDomain domain in _domains)
        {
            domain.Look(MappingSet.Before);
        }

        // What happened since the trace began, up to here, ends where the tables are already: it is followed, and not counted.
        _began = Now();
        Follow(_began);
        _from = _began;
        foreach (WatchedDomain domain in _domains)
        {
            domain.Reset();
        }
    }

    /// <summary>What changed since the last call, or since the beginning, and what is mapped now.</summary>
    /// <param name="device">Only the domain of this device; null for all.</param>
    public WatchReport Next(string? device = null)
    {
        long to = Now();
        _budget.Renew();
        Follow(to);
        if (_trace is null)
        {
            foreach (WatchedDomain domain in _domains)
            {
                domain.Look(to);
            }
        }
        else
        {
            // Events alone drift: one that is lost, or told out of order, is wrong for good. Tables are the last word of each interval.
            // What happens while they are read is in the events that follow.
            foreach (WatchedDomain domain in _domains.ToArray())
            {
                domain.Correct(to, () => ComingTo(domain));
            }
        }

        long lost = (_trace?.CountLost() ?? 0) - _lost;

        IReadOnlyList<WatchRow> rows =
            [.. _domains.Where(domain => device is null || domain.Devices.Contains(device, StringComparer.Ordinal))
                .Select(domain => domain.Row(_began, _from, to))];
        WatchReport report = new(_from / Second, to / Second, _trace?.Way ?? "tables compared", _trace is not null, rows.Sum(row => row.Maps),
            rows.Sum(row => row.Unmaps), lost, rows);
        _from = to;
        _lost += lost;
        foreach (WatchedDomain domain in _domains)
        {
            domain.Reset();
        }

        return report;
    }

    /// <summary>Takes the kernel's events, so that its buffer does not overflow; they count in the next report.</summary>
    public void Collect()
    {
        foreach (MappingEvent one in _trace?.Read() ?? [])
        {
            _later.Enqueue(one);
        }
    }

    // The events of a domain that are not followed yet.
    private IEnumerable<MappingEvent> ComingTo(WatchedDomain domain)
    {
        Collect();
        return _later.Where(one => DomainOf(one) == domain);
    }

    // Stopwatch and the trace have one clock: CLOCK_MONOTONIC.
    private static long Now() => (long)(Stopwatch.GetTimestamp() * (Second / Stopwatch.Frequency));

    private void Follow(long until)
    {
        Collect();
        while (_later.TryPeek(out MappingEvent one) && one.Microseconds <= until)
        {
            _later.Dequeue();
            WatchedDomain domain = DomainOf(one);
            if (one.IsMap)
            {
                domain.Map(one.Address.Value, one.Length, one.Microseconds);
            }
            else
            {
                domain.Unmap(one.Address.Value, one.Length);
            }
        }
    }

    private WatchedDomain DomainOf(MappingEvent one)
    {
        WatchedDomain? known = null;
        if (one.Domain is VirtualAddress address ? _byAddress.TryGetValue(address, out known) : _byDevice.TryGetValue(one.Device!, out known))
        {
            return known!;
        }

        // Attached after watching began.
        known = new(one.Device is string device ? [device] : [], [], one.Domain, null);
        Add(known, one.Domain);
        return known;
    }

    private void Add(WatchedDomain domain, VirtualAddress? address)
    {
        _domains.Add(domain);
        if (address is VirtualAddress at)
        {
            _byAddress[at] = domain;
        }

        foreach (string device in domain.Devices)
        {
            _byDevice[device] = domain;
        }
    }
}
