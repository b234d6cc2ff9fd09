using System.Diagnostics;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Linux;
using IommuSpy.Linux.Types.Btf;
using IommuSpy.Memory;
using IommuSpy.Race;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

// Our side of the race, with the arguments of peers/addrxlat.c. It prints what each pass took, a line each, in nanoseconds; only the work is timed.
switch (args)
{
    case [string image, "addresses", string directory]:
        WriteAddresses(image, directory);
        return 0;
    case [string image, "walk" or "many", string root, string list, string answers, string passes]:
        Translate(image, args[1] == "many", Convert.ToUInt64(root, 16), list, answers, Convert.ToInt32(passes, 10));
        return 0;
    case [string image, "visit", string passes]:
        Visit(image, Convert.ToInt32(passes, 10));
        return 0;
    case [string image, "reverse", string passes]:
        Reverse(image, Convert.ToInt32(passes, 10));
        return 0;
    case [string image, "types", string passes]:
        Types(image, Convert.ToInt32(passes, 10));
        return 0;
    case [string image, "reach", string passes]:
        DeviceRace.Reach(image, Convert.ToInt32(passes, 10));
        return 0;
    case ["formats", string directory, string passes]:
        DeviceRace.Walk(directory, Convert.ToInt32(passes, 10));
        return 0;
    case [string image, "seq" or "rnd", string bytes, string passes]:
        ReadPages(image, args[1] == "rnd", Convert.ToUInt64(bytes, 16), Convert.ToInt32(passes, 10));
        return 0;
    default:
        Console.Error.WriteLine("race IMAGE addresses DIRECTORY | walk ROOT LIST ANSWERS PASSES | many ROOT LIST ANSWERS PASSES | visit PASSES | reverse "
            + "PASSES | types PASSES | reach PASSES; race formats DIRECTORY PASSES");
        return 2;
}

// The lists, and on standard output the root that they are of.
static void WriteAddresses(string path, string directory)
{
    using MemoryImage image = MemoryImage.Open(path);
    AddressSpace space = Spaces.LargestProcess(LinuxKernel.Discover(image));
    AddressLists lists = AddressLists.Of(space);
    foreach ((string name, ulong[] list) in (ReadOnlySpan<(string, ulong[])>)
        [
            ("small-sequential", lists.SmallSequential),
            ("small-shuffled", lists.SmallShuffled),
            ("large-sequential", lists.LargeSequential),
            ("large-shuffled", lists.LargeShuffled),
            ("check", lists.Check),
        ])
    {
        AddressFile.Write(Path.Combine(directory, name + ".list"), list);
    }

    Console.WriteLine($"0x{space.Root.Value:x}");
}

// Peers do not search for the kernel here, so neither do we: the root is given, and the guest has 4 levels.
static void Translate(string path, bool many, ulong root, string list, string answers, int passes)
{
    using MemoryImage image = MemoryImage.Open(path);
    AddressSpace space = AddressSpace.Of(image.Layouts[0].Memory, new(root), X64Format.Mode(4));
    ulong[] addresses = AddressFile.Read(list);
    ulong[] physical = new ulong[addresses.Length];
    for (int pass = 0; pass < passes; pass++)
    {
        long start = Stopwatch.GetTimestamp();
        if (many)
        {
            space.TranslateMany(addresses, physical);
        }
        else
        {
            OneByOne(space, addresses, physical);
        }

        Report(start);
    }

    AddressFile.Write(answers, physical);
}

static void OneByOne(AddressSpace space, ReadOnlySpan<ulong> addresses, Span<ulong> physical)
{
    for (int i = 0; i < addresses.Length; i++)
    {
        physical[i] = space.TryTranslate(new(addresses[i]), out PhysicalAddress answer) ? answer.Value : ulong.MaxValue;
    }
}

// The first line is the number of entries of a pass, of all address spaces.
static void Visit(string path, int passes)
{
    using MemoryImage image = MemoryImage.Open(path);
    AddressSpace[] spaces = Spaces.All(LinuxKernel.Discover(image));
    Console.WriteLine(Spaces.VisitAll(spaces, out _));
    for (int pass = 0; pass < passes; pass++)
    {
        long start = Stopwatch.GetTimestamp();
        Spaces.VisitAll(spaces, out _);
        Report(start);
    }
}

// The index from pages to all who map them, made anew by each pass; then what a query of each frame takes. The first line: spaces, extents, and nanoseconds a
// query.
static void Reverse(string path, int passes)
{
    using Machine machine = Machine.Open(path);
    ReverseMap map = ReverseMap.Of(machine.Parts);
    ulong frames = machine.Kernel.Memory.Ranges[^1].Last.Frame.Number + 1;
    long queries = Stopwatch.GetTimestamp();
    long mappers = 0;
    for (ulong frame = 0; frame < frames; frame++)
    {
        mappers += map.MappersOf(new(frame)).Count;
    }

    Console.WriteLine($"{map.Spaces} {map.Extents} {(long)(Stopwatch.GetElapsedTime(queries).TotalNanoseconds / frames)} {mappers}");
    for (int pass = 0; pass < passes; pass++)
    {
        long start = Stopwatch.GetTimestamp();
        ReverseMap.Of(machine.Parts);
        Report(start);
    }
}

// From a known kernel to its first structure: the BTF is found, copied and indexed.
static void Types(string path, int passes)
{
    using MemoryImage image = MemoryImage.Open(path);
    LinuxKernel kernel = LinuxKernel.Discover(image);
    for (int pass = 0; pass < passes; pass++)
    {
        long start = Stopwatch.GetTimestamp();
        _ = BtfInMemory.Find(kernel)!.Struct("task_struct").Field("mm");
        Report(start);
    }
}

// A line a pass, with the sum that peers/kdumpread.c prints too. Each pass opens the image anew, so that none finds the pages of the one before.
static void ReadPages(string path, bool isRandom, ulong bytes, int passes)
{
    for (int pass = 0; pass < passes; pass++)
    {
        using MemoryImage image = MemoryImage.Open(path);
        long start = Stopwatch.GetTimestamp();
        ulong sum = PageReads.Pass(image.Layouts[0].Memory, bytes / PageFrame.Size, isRandom);
        Console.WriteLine($"{(long)Stopwatch.GetElapsedTime(start).TotalNanoseconds} {sum:x16}");
    }
}

static void Report(long start) => Console.WriteLine((long)Stopwatch.GetElapsedTime(start).TotalNanoseconds);
