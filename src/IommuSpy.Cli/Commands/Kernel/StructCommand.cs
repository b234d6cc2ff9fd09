using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Types;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy struct: what an expression of C over the kernel's objects stands for.</summary>
internal static class StructCommand
{
    public static Command Build()
    {
        Argument<string[]> expression =
            new("EXPR")
            {
                Description = "An expression of C: a variable or (TYPE *)ADDR, then .field, ->field, [index]; with *, &, casts and container_of(EXPR, TYPE, "
                    + "MEMBER) (docs/expressions.md).",
                Arity = ArgumentArity.OneOrMore
            };
        Option<string?> each = new("--each")
        {
            Description = $"EXPR is a container ({Container.KindsText}): each structure that it holds, of a type and by the member that links it; of a "
                + "container that points at them, of a type.",
            HelpName = "TYPE[.MEMBER]",
        };
        Option<string?> fields = new("--fields")
        {
            Description = "Only these fields of the structure, by paths: pid,comm,mm->pgd.",
            HelpName = "PATH,...",
        };
        Command command = new(
            "struct",
            "What an expression of C stands for: the kernel's variables and structures, by its own types, with pointers followed on the way.\n\nExamples: "
                + "iommu-spy struct -s dump.elf 'init_task.mm->pgd'\n          iommu-spy struct -s dump.elf init_task.tasks --each task_struct.tasks "
                + "--fields 'pid,comm,mm->pgd'\n          iommu-spy struct -s dump.elf '((struct page *)0xffffea0000000000)->flags'\n          iommu-spy "
                + "struct -s dump.elf runqueues --fields 'nr_running,curr->comm'")
        {
            expression,
            each,
            fields,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            string[] paths = result.GetValue(fields)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
            using Machine machine = source.OpenMachine(result);
            List<(string? Copy, Operand Operand)> operands =
                [.. result.GetRequiredValue(expression).SelectMany(text => ObjectExpression.Evaluate(machine, text))];
            AnswerForm form = output.Form(result);
            if (result.GetValue(each) is string link)
            {
                Elements(result, form, machine, operands, link, paths);
            }
            else
            {
                Reports.WriteEach(result, form, operands.Select(one => Chosen(machine, one.Operand, paths, one.Copy)), ReportJson.Default.ValueReport,
                    ValueText.Write, "value");
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Each structure in a container.</summary>
    private static void Elements(
        ParseResult result, AnswerForm form, Machine machine, IReadOnlyList<(string? Copy, Operand Operand)> heads, string link, string[] paths)
    {
        List<string> damage = [];
        List<Operand> elements = [];
        foreach (Operand written in heads.Select(head => head.Operand))
        {
            KernelObjects objects = machine.Parts.Objects.Required;
            Operand head = written.Described.Resolved is PointerType ? written.Target(objects) : written;
            bool links = Container.LinksMembers(head.Described)
                ?? throw new UsageException($"--each: {head.Type} is no container; they are {Container.KindsText}");
            int dot = link.IndexOf('.', StringComparison.Ordinal);
            if (links != dot > 0)
            {
                throw new UsageException(links ? $"--each '{link}': write TYPE.MEMBER, the member by which {head.Type} links the structures"
                    : $"--each '{link}': write the TYPE that {head.Type} points at, without a member");
            }

            KernelType type = ObjectExpression.TypeOf(machine, dot > 0 ? link[..dot] : link);

            // Of a structure at 0, a member's address is its offset.
            ulong offset = dot < 0 ? 0 : ObjectExpression.Follow(machine, new(type, default), link[(dot + 1)..]).Address.Value;
            Container container = Container.Read(objects, head.Described, head.Address, offset);
            elements.AddRange(container.Elements.Select(at => new Operand(type, at)));
            damage.AddRange(container.Damage);
        }

        if (form == AnswerForm.Text)
        {
            using LineWriter writer = Output.Text();
            ValueText.WriteRows(writer, paths, elements.Select(element => Fields(machine, element, paths, null)));
        }
        else
        {
            Reports.WriteEach(result, form, elements.Select(element => Chosen(machine, element, paths, null)), ReportJson.Default.ValueReport,
                ValueText.Write, "value");
        }

        Output.Problems(damage);
    }

    private static ValueReport Chosen(Machine machine, Operand operand, string[] paths, string? name) =>
        paths.Length == 0 ? ValueReader.Read(machine, operand, name) : Fields(machine, operand, paths, name);

    /// <summary>Some fields of a structure; where one cannot be had, the others can.</summary>
    private static ValueReport Fields(Machine machine, Operand operand, string[] paths, string? name)
    {
        KernelObjects objects = machine.Parts.Objects.Required;
        Operand holder = operand.Described.Resolved is PointerType ? operand.Target(objects) : operand;
        return new(name, holder.Described.ToString(), holder.Address, null, null, null, [.. paths.Select(path => Field(machine, holder, path))], 0);
    }

    private static ValueReport Field(Machine machine, Operand holder, string path)
    {
        try
        {
            return ValueReader.Read(machine, ObjectExpression.Follow(machine, holder, path), path);
        }
        catch (ExpressionException e) when (!e.IsBadText)
        {
            return new(path, "", null, null, null, e.Message, null, 0);
        }
    }
}
