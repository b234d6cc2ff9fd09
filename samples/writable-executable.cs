#!/usr/bin/env -S dotnet run
#:package IommuSpy@0.1.0
#:property PublishAot=false

// All memory that is writable and executable at once: what page tables map so, of the kernel and of each process, and areas of processes that allow it
// though no page in them has it now.
//
//     dotnet run writable-executable.cs -- dump.elf
using IommuSpy;

using var machine = Machine.Open(args[0]);
foreach (var mapping in machine.Mappings("wx"))
{
    Print(mapping.Virtual, mapping.Bytes, "mapped", "the kernel", mapping.Region);
}

foreach (var process in machine.Processes.Where(process => process.Root is not null))
{
    foreach (var mapping in process.Mappings("wx"))
    {
        Print(mapping.Virtual, mapping.Bytes, "mapped", process, mapping.Region);
    }

    foreach (var area in process.Areas.Where(area => area.Rights is string rights && rights.Contains('w') && rights.Contains('x')))
    {
        Print(area.Start, area.End - area.Start, "allowed", process, area.Path ?? "anonymous memory");
    }
}

static void Print(ulong address, ulong bytes, string how, object whose, string what) =>
    Console.WriteLine($"0x{address:x16} {bytes,10} {how,-7}  {whose}: {what}");
