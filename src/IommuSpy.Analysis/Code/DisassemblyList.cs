using IommuSpy.Analysis.Read;
using IommuSpy.Analysis.Translate;
using IommuSpy.Linux.Code;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Code;

/// <summary>The instructions that a machine has in memory: what runs now, whatever the kernel or somebody else has written over it.</summary>
public static class DisassemblyList
{
    private const int Screen = 16;

    // The longest instruction of any architecture (Intel SDM volume 2, 2.3.11).
    private const int MostInstructionBytes = 15;

    // A symbol's size goes up to the next symbol, and there may be none for long.
    private const ulong MostFunctionBytes = 1UL << 20;

    /// <summary>Hands over the instructions, in order.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="query">Which of them.</param>
    /// <param name="receive">Receives each.</param>
    /// <returns>What the answer lacks, or is to be doubted for, a line each.</returns>
    /// <exception cref="MissingTypeException">Instructions of this architecture are not read.</exception>
    public static IReadOnlyList<string> Read(Machine machine, DisassemblyQuery query, Action<InstructionRow> receive)
    {
        InstructionReader reader = machine.Kernel.Architecture.Instructions
            ?? throw new MissingTypeException($"instructions of {machine.Kernel.Architecture.Name} are not read yet");
        List<string> problems = [];
        bool isKernels = machine.KindOf(query.Address) != AddressKind.UserVirtual;
        SymbolOffset? within = SymbolAt(machine, query.Address) is SymbolOffset near && near.Offset < MostFunctionBytes ? near : null;
        ulong before = within?.Offset ?? 0;
        bool isFunction = query.Count is null && within is { Size: > 0 };
        int most = query.Count ?? (isFunction ? int.MaxValue : Screen);
        ulong behind = isFunction ? within!.Value.Size - before : (ulong)most * MostInstructionBytes;
        if (isFunction && behind > MostFunctionBytes)
        {
            behind = MostFunctionBytes;
            problems.Add($"only {MostFunctionBytes >> 20} MiB of it are shown: the next symbol is farther away");
        }

        // From the function's beginning, so that instructions begin where they do.
        VirtualAddress start = new(query.Address.Value - before);
        byte[] code = new byte[before + Math.Min(behind, ulong.MaxValue - query.Address.Value)];
        ReadResult read = MemoryReader.Virtual(machine, query.Root, start, code);
        if ((ulong)read.Length <= before)
        {
            problems.Add(read.End ?? $"nothing can be read at {query.Address}");
            return problems;
        }

        AddressTranslation translation = machine.Space(query.Root).Translate(query.Address);
        if (!TranslationReport.UserRights(machine, translation, query.Root).Rights.HasFlag(AccessRights.Execute))
        {
            problems.Add($"{query.Address} is in memory that cannot be executed: these bytes may be no instructions");
        }

        if (isKernels)
        {
            problems.AddRange(machine.Parts.CodeSites.Damage);
        }

        int shown = 0;
        VirtualAddress end = start + (ulong)read.Length;
        foreach (Instruction instruction in reader.Read(code.AsMemory(0, read.Length), start, query.Syntax))
        {
            VirtualAddress last = instruction.Address + (ulong)(instruction.Bytes.Length - 1);
            bool isAsked = query.Address - instruction.Address < (ulong)instruction.Bytes.Length;
            if (isAsked && instruction.Address != query.Address)
            {
                problems.Add($"{query.Address} is in the middle of an instruction that begins at {instruction.Address}");
            }

            if (query.Count is not null && last.Value < query.Address.Value)
            {
                continue;
            }

            if (shown == most)
            {
                return problems;
            }

            // What can be read may end within an instruction.
            if (read.End is not null && !instruction.IsOne && end - instruction.Address < MostInstructionBytes)
            {
                break;
            }

            shown++;
            SymbolOffset? target = instruction.Target is VirtualAddress goes ? SymbolAt(machine, goes)
                : instruction.PerCpu is VirtualAddress own && isKernels ? machine.Parts.PerCpuSymbolOf(own)
                : null;
            receive(new(instruction, SymbolAt(machine, instruction.Address), target, isKernels ? Notes(machine, instruction.Address, last) : [], isAsked));
        }

        // What was read only to have whole instructions is not missed.
        if (read.End is string missing && shown < most)
        {
            problems.Add(missing);
        }

        return problems;
    }

    private static SymbolOffset? SymbolAt(Machine machine, VirtualAddress address) =>
        machine.KindOf(address) == AddressKind.UserVirtual ? null : machine.Parts.SymbolAt(address);

    private static List<string> Notes(Machine machine, VirtualAddress first, VirtualAddress last)
    {
        List<string> notes = [];
        foreach (CodeSite site in machine.Parts.CodeSites.Between(first, last))
        {
            string? about = site.About is VirtualAddress its ? machine.Parts.SymbolAt(its)?.ToString() ?? its.ToString() : null;
            notes.Add(site.Kind switch
            {
                CodeSiteKind.JumpLabel => $"jump label {about}",
                CodeSiteKind.StaticCall => $"static call {about}",
                CodeSiteKind.Bug => $"BUG at {site.Place}",
                CodeSiteKind.Warning => $"WARN at {site.Place}",
                CodeSiteKind.Fault => $"after a fault: {about}",
                CodeSiteKind.Probe => "kprobe",
                _ => "ftrace",
            });
        }

        return notes;
    }
}
