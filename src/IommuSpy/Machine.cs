using IommuSpy.Analysis;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Analysis.Maps;
using IommuSpy.Analysis.Pages;
using IommuSpy.Analysis.Processes;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Read;
using IommuSpy.Analysis.Translate;
using IommuSpy.Analysis.Types;
using IommuSpy.Analysis.Wording;
using IommuSpy.Catalogue;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy;

/// <summary>
/// One machine as a source shows it: its memory, the Linux kernel in it, its processes and its devices. Every question starts here; what is found once is
/// kept. Answers are immutable. It may be asked from several threads at the same time, but not while or after it is disposed.
/// </summary>
public sealed class Machine : IDisposable
{
    private readonly Analysis.Machine _machine;
    private volatile bool _isDisposed;

    private Machine(Analysis.Machine machine) => _machine = machine;

    /// <summary>What machine and kernel it is, and how that was found.</summary>
    /// <exception cref="SourceException">The source has failed.</exception>
    public MachineInfo Info => Ask(MachineInfo.Of);

    /// <summary>The processes and kernel threads, by pid.</summary>
    /// <exception cref="NoAnswerException">Nothing describes the kernel's tasks.</exception>
    /// <exception cref="SourceException">The source has failed.</exception>
    public IReadOnlyList<Process> Processes => Ask<IReadOnlyList<Process>>(machine =>
    [
        .. ProcessList.Of(machine).Rows
            .Join(machine.Parts.Tasks.Required.Processes, row => row.Task, task => task.Address, (row, task) => new Process(this, row, task)),
    ]);

    /// <summary>The devices, in order of their addresses.</summary>
    /// <exception cref="SourceException">The source has failed.</exception>
    public IReadOnlyList<Device> Devices =>
        Ask<IReadOnlyList<Device>>(machine => [.. machine.Devices.Devices.Select(device => new Device(this, machine, device))]);

    /// <summary>Every table that can be asked for.</summary>
    public IReadOnlyList<Table> Tables => [.. AllTables.All.Select(table => new Table(this, table))];

    /// <summary>
    /// A variable of the kernel, or whatever is at an address: "init_task", "jiffies", "0xffff888001234000". Its type is known of variables that every
    /// kernel has (init_task, init_mm, slab_caches and their kin); of others <see cref="KernelObject.As"/> says it.
    /// </summary>
    /// <param name="address">A symbol or a kernel virtual address, as docs/addresses.md describes them.</param>
    /// <exception cref="NoAnswerException">This kernel has no such symbol.</exception>
    /// <exception cref="ArgumentException">The text is no address, or means several.</exception>
    public KernelObject this[string address] => Ask(machine =>
    {
        VirtualAddress at = Virtual(machine, address);
        KernelType? type = machine.Parts.SymbolAt(at) is { Offset: 0 } symbol ? VariableTypes.Of(machine, symbol.Symbol.Name, at) : null;
        return new KernelObject(this, new Operand(type, at));
    });

    /// <summary>Opens a source and finds the kernel in it.</summary>
    /// <param name="source">
    /// A memory image of any format that `iommu-spy formats` lists, recognised by its content; "qemu:PATH" or "gdb:HOST:PORT" for a running guest; "live"
    /// for this machine ("kcore", "devmem" for one way to read it).
    /// </param>
    /// <param name="options">What is known of it that its bytes do not tell; null for nothing.</param>
    /// <exception cref="SourceException">It cannot be read, or is corrupt.</exception>
    /// <exception cref="NoAnswerException">No kernel is found in it.</exception>
    public static Machine Open(string source, MachineOptions? options = null) => Open([source], options);

    /// <summary>Opens a source that stands in several files, and finds the kernel in it.</summary>
    /// <param name="sources">The parts of a split dump, or the files of a machine's nodes and memory modules, in any order.</param>
    /// <param name="options">What is known of it that its bytes do not tell; null for nothing.</param>
    /// <exception cref="SourceException">It cannot be read, or is corrupt.</exception>
    /// <exception cref="NoAnswerException">No kernel is found in it.</exception>
    public static Machine Open(IReadOnlyList<string> sources, MachineOptions? options = null)
    {
        options ??= new();
        MemoryImageOptions image = new(options.RamSplit, options.AllowTruncated) { Pause = options.Pause, Tell = options.Tell };
        return Answer.Of(() => new Machine(Analysis.Machine.Open(sources, image, options.Types)));
    }

    /// <summary>What an address is: its kind, region and symbol, its way through the tables, its physical page, and who else can get at that.</summary>
    /// <param name="address">
    /// A virtual address or a symbol, as docs/addresses.md describes them: "0xffff888001234000", "init_task+8"; with "phys:" or "pfn:" before it, a
    /// physical one.
    /// </param>
    /// <exception cref="NoAnswerException">This kernel has no such symbol.</exception>
    /// <exception cref="SourceException">The source has failed.</exception>
    /// <exception cref="ArgumentException">The text is no address, or means several.</exception>
    public Explanation Explain(string address) => Ask(machine =>
    {
        NamedAddress named = One(machine, address);
        return named.Sort switch
        {
            AddressSort.Physical => Explanation.Of(Analysis.Explain.Explanation.Of(machine, named.Physical)),
            AddressSort.IoVirtual => throw new ArgumentException($"'{address}' is {named.SortText}: ask the device that uses it", nameof(address)),
            AddressSort.GuestPhysical => throw new NoAnswerException($"'{address}' is {named.SortText}: it is a physical address in the virtual machine"),
            _ => Explanation.Of(Analysis.Explain.Explanation.Of(machine, named.Virtual)),
        };
    });

    /// <summary>Translates a virtual address through the kernel's own page tables.</summary>
    /// <param name="address">A kernel virtual address or a symbol.</param>
    /// <returns>The way, also where it ends without a physical address: <see cref="Walk.Reason"/> says why.</returns>
    /// <exception cref="NoAnswerException">This kernel has no such symbol.</exception>
    /// <exception cref="SourceException">The source has failed.</exception>
    /// <exception cref="ArgumentException">The text is no virtual address, or means several.</exception>
    public Walk Translate(string address) => Ask(machine => Walk.Of(TranslationReport.Of(machine, Virtual(machine, address))));

    /// <summary>Reads through the kernel's own page tables.</summary>
    /// <param name="address">A kernel virtual address or a symbol.</param>
    /// <param name="count">How many bytes.</param>
    /// <returns>Exactly so many.</returns>
    /// <exception cref="NoAnswerException">Some of them are not mapped or not in the image, or there is no such symbol; the message says which.</exception>
    /// <exception cref="ArgumentException">The text is no virtual address, or means several.</exception>
    public byte[] Read(string address, int count) =>
        ReadBytes(count, (machine, bytes) => MemoryReader.Virtual(machine, null, Virtual(machine, address), bytes));

    /// <summary>Reads physical memory.</summary>
    /// <param name="address">The physical address of the first byte.</param>
    /// <param name="count">How many bytes.</param>
    /// <returns>Exactly so many.</returns>
    /// <exception cref="NoAnswerException">Some of them are not in the image; the message says where and why.</exception>
    public byte[] ReadPhysical(ulong address, int count) =>
        ReadBytes(count, (machine, bytes) => MemoryReader.Physical(machine.Kernel.Memory, new(address), bytes));

    /// <summary>What the kernel's own page tables map, in order of address.</summary>
    /// <param name="rights">Letters of "rwxu" (u: from user mode): only what has all of these; empty for everything.</param>
    /// <exception cref="ArgumentException">The rights are other letters.</exception>
    public IReadOnlyList<Mapping> Mappings(string rights = "") => MappingsOf(null, userSpace: false, rights);

    /// <summary>What a physical page is used for, and whose it is.</summary>
    /// <param name="page">"pfn:0x1234", "phys:0x1234000", a kernel virtual address, or a symbol.</param>
    /// <exception cref="NoAnswerException">The kernel maps nothing at that address, has no such symbol, or nothing describes struct page.</exception>
    /// <exception cref="ArgumentException">The text is no page, or may be several.</exception>
    public Page Page(string page) => Ask(machine => IommuSpy.Page.Of(PageReport.Of(machine, Physical(machine, page).Frame)));

    /// <summary>Which devices can read or write a physical byte.</summary>
    /// <param name="page">"phys:0x1234000", "pfn:0x1234", a kernel virtual address, or a symbol.</param>
    /// <exception cref="NoAnswerException">The kernel maps nothing at that address, or has no such symbol.</exception>
    /// <exception cref="ArgumentException">The text is no page, or may be several.</exception>
    public Reach Reach(string page) => Ask(machine => IommuSpy.Reach.Of(ReachReport.Of(machine, Physical(machine, page))));

    /// <summary>What devices can do that they should not be able to, each with evidence.</summary>
    /// <exception cref="SourceException">The source has failed.</exception>
    public Audit Exposure() => Ask(machine => Audit.Of(ExposureReport.Of(machine)));

    /// <summary>A process or kernel thread by its number.</summary>
    /// <param name="pid">Its number.</param>
    /// <exception cref="NoAnswerException">There is none of that number.</exception>
    public Process Process(int pid) =>
        Processes.FirstOrDefault(process => process.Pid == pid) ?? throw new NoAnswerException($"no process {pid} in this machine");

    /// <summary>A device by its address, or by the name of its driver.</summary>
    /// <param name="name">"00:1f.2", "0000:00:1f.2", "nvme".</param>
    /// <exception cref="NoAnswerException">There is none of that name.</exception>
    /// <exception cref="ArgumentException">The text is no name of a device, or may be several.</exception>
    public Device Device(string name) => Ask(machine => DeviceName.TryFind(machine, name, out DeviceName found, out AddressProblem? problem)
        ? machine.Devices.Find(found.Requester) is MachineDevice device ? new Device(this, machine, device)
            : throw new NoAnswerException($"no device {found.Requester} in this machine")
        : throw Refusal(problem));

    /// <summary>A table by its name: "pages", "ps", "slab".</summary>
    /// <param name="name">The name; docs/tables.md lists all.</param>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public Table Table(string name) => AllTables.All.FirstOrDefault(table => table.Name == name) is { } found ? new Table(this, found)
        : throw new ArgumentException($"there is no table '{name}'{Spelling.Suggestion(name, AllTables.All.Select(table => table.Name))}", nameof(name));

    /// <summary>The symbols whose names match: the kernel's, then each module's.</summary>
    /// <param name="pattern">A name, or a glob with * and ?.</param>
    /// <exception cref="NoAnswerException">The kernel's symbols are not found.</exception>
    public IReadOnlyList<Symbol> Symbols(string pattern = "*") => Ask<IReadOnlyList<Symbol>>(machine =>
        machine.Symbols is not { } symbols ? throw new NoAnswerException("the kernel's symbols are not found in this image")
            : [.. symbols.Concat(machine.Parts.Modules.Value?.Modules.SelectMany(module => module.Symbols) ?? [])
                .Where(symbol => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, symbol.Name, ignoreCase: false))
                .Select(symbol => Symbol.Of(symbol))]);

    /// <summary>Whatever is at a kernel virtual address, as a type.</summary>
    /// <param name="address">The virtual address.</param>
    /// <param name="type">A type's name: "task_struct", "struct page", "u32".</param>
    /// <exception cref="NoAnswerException">This kernel has no such type, or nothing describes its types.</exception>
    public KernelObject Object(ulong address, string type) => Ask(machine => TypeFinder.Find(machine, type) is { } found
        ? new KernelObject(this, new Operand(found.Type, new(address)))
        : throw new NoAnswerException(machine.Parts.Objects.Required.Types.AbsenceOf(type)));

    /// <summary>Closes the source.</summary>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _machine.Dispose();
        }
    }

    /// <summary>Asks the machine.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="isPart">Whether the answer says itself that it is not whole; else one that is not is none.</param>
    internal T Ask<T>(Func<Analysis.Machine, T> question, bool isPart = false)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _machine.Kernel.Memory.Budget.ForNextQuestion();
        T answer = Answer.Of(() => question(_machine));
        return isPart || _machine.Kernel.Memory.Budget.Problems is not [string early, ..] ? answer : throw new NoAnswerException(early);
    }

    /// <summary>The mappings of a space.</summary>
    /// <param name="root">Its top-level table; null for the kernel's own.</param>
    /// <param name="userSpace">Whether those of user addresses are wanted alone.</param>
    /// <param name="rights">Letters of "rwxu".</param>
    internal IReadOnlyList<Mapping> MappingsOf(PhysicalAddress? root, bool userSpace, string rights)
    {
        AccessRights wanted = RightsText.Parse(rights) ?? throw new ArgumentException($"'{rights}': letters of rwxu are wanted", nameof(rights));
        return Ask<IReadOnlyList<Mapping>>(machine =>
        {
            List<Mapping> mappings = [];
            MapsQuery query = new(root, Last: userSpace ? machine.Kernel.Space.LastUserAddress : null, Rights: wanted);
            MappingList.Visit(machine, query, mapping => mappings.Add(IommuSpy.Mapping.Of(mapping)));
            return mappings;
        });
    }

    /// <summary>So many bytes, or why not.</summary>
    internal byte[] ReadBytes(int count, Func<Analysis.Machine, byte[], ReadResult> read)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        byte[] bytes = new byte[count];
        return Ask(machine => read(machine, bytes).End is string problem ? throw new NoAnswerException(problem) : bytes);
    }

    private static VirtualAddress Virtual(Analysis.Machine machine, string text) =>
        AddressExpression.TryParseVirtual(text, machine, out IReadOnlyList<NamedAddress> all, out AddressProblem? problem)
            && AddressExpression.IsOne(text, all, out problem) ? all[0].Virtual : throw Refusal(problem);

    private static NamedAddress One(Analysis.Machine machine, string text) =>
        AddressExpression.TryParse(text, machine, out IReadOnlyList<NamedAddress> all, out AddressProblem? problem)
            && AddressExpression.IsOne(text, all, out problem) ? all[0] : throw Refusal(problem);

    private static PhysicalAddress Physical(Analysis.Machine machine, string text) =>
        PageExpression.TryParse(machine, text, out IReadOnlyList<NamedAddress> pages, out AddressProblem? problem)
            && AddressExpression.IsOne(text, pages, out problem) ? pages[0].Physical : throw Refusal(problem);

#pragma warning disable MA0015 // The message says which text it is.
    private static Exception Refusal(AddressProblem problem) =>
        problem.IsBadText ? new ArgumentException(problem.Message) : new NoAnswerException(problem.Message);
#pragma warning restore MA0015
}
