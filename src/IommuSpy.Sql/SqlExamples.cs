namespace IommuSpy.Sql;

/// <summary>A question that works on every capture, to begin with.</summary>
/// <param name="Sentence">What it asks.</param>
/// <param name="Query">The same in SQL.</param>
internal sealed record SqlExample(string Sentence, string Query);

/// <summary>Questions to begin with.</summary>
internal static class SqlExamples
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<SqlExample> All { get; } =
    [
        new("What memory is used for.",
            "SELECT kind, count(*) AS pages FROM pages GROUP BY kind ORDER BY pages DESC, kind"),
        new("The ten processes with most memory of their own.",
            "SELECT pid, comm, residentPages * 4096 AS bytes FROM ps WHERE mm IS NOT NULL ORDER BY bytes DESC, pid LIMIT 10"),
        new("How many threads of the kernel there are, and how many processes.",
            "SELECT kernelThread, count(*) AS tasks FROM ps GROUP BY kernelThread ORDER BY kernelThread"),
        new("Memory that a process may both write and execute.",
            "SELECT pid, comm, start, \"end\", rights, path FROM vmas WHERE rights LIKE '%w%' AND rights LIKE '%x%' ORDER BY pid, start"),
        new("The files that most processes have mapped.",
            "SELECT path, count(DISTINCT pid) AS processes FROM vmas WHERE inode > 0 GROUP BY path ORDER BY processes DESC, path LIMIT 10"),
        new("How much each process has mapped, by area and in memory.",
            "SELECT pid, comm, count(*) AS areas, sum(\"end\" - start) AS mappedBytes, sum(residentBytes) AS resident FROM vmas "
                + "GROUP BY pid, comm ORDER BY pid"),
        new("What the first process has mapped; only its areas are looked for.",
            "SELECT start, \"end\", rights, path FROM vmas(pid := 1) ORDER BY start"),
        new("Which files are open by whom.",
            "SELECT path, list(DISTINCT comm ORDER BY comm) AS programs FROM files WHERE path IS NOT NULL GROUP BY path ORDER BY path"),
        new("Programs that listen on the network.",
            "SELECT type, local, localPort, pid, comm FROM sockets WHERE state = 'LISTEN' AND localPort IS NOT NULL ORDER BY type, localPort"),
        new("The caches of the slab allocator that hold most memory.",
            "SELECT name, slabs * pagesPerSlab * 4096 AS bytes, activeObjects, objects FROM slab ORDER BY bytes DESC, name LIMIT 10"),
        new("Modules by the memory that they take, with what they depend on.",
            "SELECT name, bytes, users, taints FROM modules ORDER BY bytes DESC, name"),
        new("How many bytes of the kernel's map are writable and executable at once.",
            "SELECT region, sum(bytes) AS bytes FROM maps WHERE rights LIKE '%w%' AND rights LIKE '%x%' GROUP BY region ORDER BY region"),
        new("Symbols by a pattern; no others are looked for.",
            "SELECT name, virtual FROM symbols(name := 'init_*') ORDER BY virtual"),
        new("How much each device can reach through its IOMMU, and what of it it may write.",
            "SELECT device, sum(bytes) AS bytes, sum(bytes) FILTER (rights LIKE '%w%') AS writable FROM maps_iova GROUP BY device ORDER BY device"),
        new("What the pages are used for that a device can write.",
            "SELECT m.device, p.kind, count(DISTINCT p.pfn) AS pages FROM maps_iova m JOIN pages p "
                + "ON p.pfn >= m.physical // 4096 AND p.pfn < (m.physical + m.bytes + 4095) // 4096 "
                + "WHERE m.rights LIKE '%w%' GROUP BY m.device, p.kind ORDER BY m.device, pages DESC, p.kind"),
        new("Devices that reach the same page of memory.",
            "SELECT a.device, b.device AS other, count(*) AS runs FROM maps_iova a JOIN maps_iova b "
                + "ON a.device < b.device AND a.physical < b.physical + b.bytes AND b.physical < a.physical + a.bytes "
                + "GROUP BY a.device, b.device ORDER BY a.device, other"),
        new("Devices, who drives them, and which group they share.",
            "SELECT \"group\", list(device ORDER BY device) AS devices, list(DISTINCT driver ORDER BY driver) AS drivers FROM pci "
                + "GROUP BY \"group\" ORDER BY \"group\""),
        new("Findings of the audit by severity.",
            "SELECT severity, rule, count(*) AS findings, sum(evidenceCount) AS evidence FROM exposure GROUP BY severity, rule ORDER BY severity, rule"),
        new("What each finding rests on, a row a piece.",
            "SELECT rule, device, unnest(evidence, recursive := true) FROM exposure ORDER BY rule, device"),
        new("The pieces of vmalloc space by who asked for them.",
            "SELECT caller, count(*) AS pieces, sum(bytes) AS bytes FROM vmalloc GROUP BY caller ORDER BY bytes DESC, caller LIMIT 10"),
    ];
}
