#!/usr/bin/env -S dotnet run
#:package IommuSpy@0.1.0
#:property PublishAot=false

// Who holds most page tables? Asked twice: the kernel counts them in mm_struct.pgtables_bytes, and a walk through each process's tables finds them.
// The kernel counts one more for each transparent huge page of anonymous memory: it keeps a table for the day on which that is split.
//
//     dotnet run page-tables.cs -- dump.elf
using IommuSpy;

using var machine = Machine.Open(args[0]);
var holders =
    from process in machine.Processes
    where process.Root is not null
    let counted = process.Memory!.Field("pgtables_bytes.counter").Number
    orderby counted descending, process.Pid
    select (process, counted);

Console.WriteLine($"{"pid",7} {"tables",8} {"kernel counts",14}  {"resident",10}  name");
foreach (var (process, counted) in holders)
{
    Console.WriteLine($"{process.Pid,7} {process.CountPageTables(),8} {counted / 4096,14}  {process.ResidentBytes / 1024,6} KiB  {process.Comm}");
}
