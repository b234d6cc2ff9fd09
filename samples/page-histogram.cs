#!/usr/bin/env -S dotnet run
#:package IommuSpy@0.1.0
#:property PublishAot=false

// What all of a dump's pages are used for: a histogram, page by page.
//
//     dotnet run page-histogram.cs -- dump.elf
using IommuSpy;

using var machine = Machine.Open(args[0]);
var histogram = new Dictionary<string, long>();
var problems = machine.Table("pages").Visit(
    row =>
    {
        string kind = row.Text("kind")!;
        histogram[kind] = histogram.GetValueOrDefault(kind) + 1;
    },
    columns: ["kind"]);

long most = histogram.Values.DefaultIfEmpty().Max();
foreach (var (kind, pages) in histogram.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal))
{
    Console.WriteLine($"{kind,-16} {pages,9}  {new string('#', (int)(pages * 50 / most))}");
}

foreach (string problem in problems)
{
    Console.Error.WriteLine(problem);
}
