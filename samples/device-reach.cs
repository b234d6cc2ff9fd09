#!/usr/bin/env -S dotnet run
#:package IommuSpy@0.1.0
#:property PublishAot=false

// What a device can reach of one process. Without a pid: of the process of which devices reach most.
//
//     dotnet run device-reach.cs -- dump.elf 173
using IommuSpy;

using var machine = Machine.Open(args[0]);
var process = args.Length > 1
    ? machine.Process(int.Parse(args[1]))
    : machine.Processes.Where(process => process.Root is not null).MaxBy(process => process.Reach().ReachedPages)!;
var reach = process.Reach();
Console.WriteLine($"{process}: devices reach {reach.ReachedPages} of its {reach.PresentPages} pages through their tables");
foreach (var run in reach.Runs)
{
    Console.WriteLine(
        $"0x{run.Address:x16} 0x{run.Physical:x16} {run.Bytes / 1024,6} KiB  {run.Rights,-2} by {run.Device} {run.Driver ?? "-"} at 0x{run.Iova:x16}");
}

foreach (string device in reach.Unrestricted)
{
    Console.WriteLine($"all of it by {device}, which nothing restricts");
}
