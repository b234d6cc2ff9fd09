#!/usr/bin/env -S dotnet run
#:package IommuSpy@0.1.0
#:property PublishAot=false

// A slab census: which caches hold most memory, and how much of that is in use.
//
//     dotnet run slab-census.cs -- dump.elf
using IommuSpy;

const ulong PageBytes = 4096;

using var machine = Machine.Open(args[0]);
var caches =
    from row in machine.Table("slab").Rows()
    let bytes = row.Number("slabs") * row.Number("pagesPerSlab") * PageBytes ?? 0
    orderby bytes descending
    select (Name: row.Text("name"), Bytes: bytes, Active: row.Number("activeObjects") ?? 0, Objects: row.Number("objects") ?? 0);

Console.WriteLine($"{"KiB",8} {"active",8} {"objects",8}  {"in use",7}  cache");
foreach (var (name, bytes, active, objects) in caches)
{
    double share = objects == 0 ? 0 : 100.0 * active / objects;
    Console.WriteLine(FormattableString.Invariant($"{bytes / 1024,8} {active,8} {objects,8}  {share,6:f1}%  {name}"));
}
