using System.Globalization;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Types;

/// <summary>
/// Expressions of C over the kernel's variables and structures: "init_task.mm->pgd", "((struct page *)0xffffea0000000000)->flags", "runqueues:1.curr->comm".
/// docs/expressions.md says what is accepted. A dot and an arrow are the same: pointers on the way are followed.
/// </summary>
public sealed class ObjectExpression
{
    // Nobody writes deeper ones; a text is no reason to run out of stack.
    private const int MaxDepth = 64;
    private const string Container = "container_of";

    private static readonly string[] Keywords = ["struct", "union", "enum", "unsigned", "signed", "long", "short", "int", "char", "const", "volatile", "void"];

    private readonly Machine _machine;
    private readonly KernelObjects _objects;
    private readonly string _text;
    private readonly int _copy;
    private int _at;
    private int _depth;
    private IReadOnlyList<NamedAddress>? _copies;

    private ObjectExpression(Machine machine, string text, int copy)
    {
        _machine = machine;
        _objects = machine.Parts.Objects.Required;
        _text = text;
        _copy = copy;
    }

    /// <summary>What an expression stands for: one, or where it begins with a per-CPU variable and no CPU is said, each CPU's.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="text">The expression.</param>
    /// <returns>Each with the name of the CPU's copy that it begins with; null for one that begins with none.</returns>
    /// <exception cref="MissingTypeException">This kernel has no such type, field or element.</exception>
    /// <exception cref="ExpressionException">The text is no expression, or leads to nothing here.</exception>
    public static IReadOnlyList<(string? Copy, Operand Operand)> Evaluate(Machine machine, string text)
    {
        List<(string? Copy, Operand Operand)> all = [];
        int copies = 1;
        for (int copy = 0; copy < copies; copy++)
        {
            ObjectExpression expression = new(machine, text, copy);
            Operand operand = expression.Unary();
            expression.End();
            copies = expression._copies?.Count ?? 1;
            all.Add((expression._copies?[copy].Name, operand));
        }

        return all;
    }

    /// <summary>What a path stands for that begins in something: "mm->pgd", "comm", "node_zones[1].name".</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="holder">Where it begins: a structure, or a pointer to one.</param>
    /// <param name="path">Names, with dots, arrows and indexes between them.</param>
    /// <exception cref="MissingTypeException">This kernel has no such field or element.</exception>
    /// <exception cref="ExpressionException">The text is no path, or leads to nothing here.</exception>
    public static Operand Follow(Machine machine, Operand holder, string path)
    {
        ObjectExpression expression = new(machine, path, 0);
        Operand operand = expression.Postfix(holder.Member(expression._objects, expression.Name("a field's name")));
        expression.End();
        return operand;
    }

    /// <summary>A type as C writes it: "struct page *", "unsigned long", "pgd_t".</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="text">The type's name, with stars behind it.</param>
    /// <exception cref="MissingTypeException">There is no such type.</exception>
    /// <exception cref="ExpressionException">The text is no type.</exception>
    public static KernelType TypeOf(Machine machine, string text)
    {
        ObjectExpression expression = new(machine, text, 0);
        KernelType type = expression.TryType() ?? throw new MissingTypeException(machine.Parts.Objects.Required.Types.AbsenceOf(text.Trim()));
        expression.End();
        return type;
    }

    private Operand Unary()
    {
        if (++_depth > MaxDepth)
        {
            throw Wrong("it nests too deep");
        }

        Operand operand = Take('*') ? Unary().Target(_objects) : Take('&') ? Unary().Pointer() : Take('(') ? Parenthesis() : Postfix(Primary());
        _depth--;
        return operand;
    }

    /// <summary>What follows an opening parenthesis: a type and what is cast to it, or an expression.</summary>
    private Operand Parenthesis()
    {
        int start = _at;
        if (TryType() is KernelType type && Take(')'))
        {
            return Unary().Cast(_objects, type);
        }

        _at = start;
        Operand inner = Unary();
        Expect(')');
        return Postfix(inner);
    }

    private Operand Postfix(Operand operand)
    {
        while (true)
        {
            if (Take("->") || Take('.'))
            {
                operand = operand.Member(_objects, Name("a field's name"));
            }
            else if (Take('['))
            {
                operand = operand.Element(_objects, Index());
                Expect(']');
            }
            else
            {
                return operand;
            }
        }
    }

    private ulong Index()
    {
        Skip();
        if (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
        {
            return Number();
        }

        string name = Name("an index");
        return TypeFinder.FindEnumerator(_machine, name) is >= 0 and var value ? (ulong)value
            : throw new MissingTypeException($"no enumerator {name} is described ({_objects.Types.Origin})");
    }

    private Operand Primary()
    {
        Skip();
        if (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
        {
            return new(new PointerType(() => VoidType.Instance), default) { Computed = Number() };
        }

        int start = _at;
        string name = Name("a symbol or an address");
        if (name == Container && Take('('))
        {
            return ContainerOf();
        }

        // module:symbol, symbol:1
        while (_at < _text.Length && _text[_at] == ':')
        {
            _at++;
            name = Name("a symbol or a CPU", digits: true);
        }

        string written = _text[start.._at].Trim();
        if (!AddressExpression.TryParseVirtual(written, _machine, out IReadOnlyList<NamedAddress> found, out AddressProblem? problem))
        {
            throw new ExpressionException(problem.Message, problem.IsBadText);
        }

        if (found[0].Name is not null)
        {
            _copies ??= found;
        }

        VirtualAddress at = found[Math.Min(_copy, found.Count - 1)].Virtual;
        string[] parts = written.Split(':');
        string bare = parts.Length > 1 && parts[^1].All(char.IsAsciiDigit) ? parts[^2] : parts[^1];
        return new(VariableTypes.Of(_machine, bare, at), at);
    }

    /// <summary>container_of(pointer, type, member): the structure that has something as its member.</summary>
    private Operand ContainerOf()
    {
        Operand member = Unary();
        Expect(',');
        KernelType type = TryType() ?? throw Wrong("a type is wanted");
        Expect(',');
        int start = _at;
        while (_at < _text.Length && _text[_at] != ')')
        {
            _at++;
        }

        string path = _text[start.._at].Trim();
        Expect(')');
        Field field = (type.Resolved as StructType)?.Find(path) ?? throw new MissingTypeException($"this kernel's {type} has no {path}");
        ulong at = member.Type?.Resolved is PointerType ? member.Number(_objects) : member.Address.Value;
        return Postfix(new(new PointerType(() => type), default) { Computed = unchecked(at - field.Offset) });
    }

    /// <summary>A type with its stars; null, and nothing taken, where none stands here.</summary>
    private KernelType? TryType()
    {
        int start = _at;
        List<string> words = [];
        while (TryName() is string word)
        {
            words.Add(word);
            if (!Keywords.Contains(word))
            {
                break;
            }
        }

        KernelType? type = words.Count == 0 ? null : words is ["void"] ? VoidType.Instance
            : Named([.. words.Where(word => word is not ("const" or "volatile"))]);
        if (type is null)
        {
            _at = start;
            return null;
        }

        while (Take('*'))
        {
            KernelType target = type;
            type = new PointerType(() => target);
        }

        return type;
    }

    // BTF has compilers' names of numbers: "long unsigned int" for what people write as "unsigned long".
    private KernelType? Named(string[] words)
    {
        string name = string.Join(' ', words);
        if (TypeFinder.Find(_machine, name) is (KernelType found, _))
        {
            return found;
        }

        if (words.Any(word => !Keywords.Contains(word)))
        {
            return null;
        }

        int longs = words.Count(word => word == "long");
        bool isUnsigned = words.Contains("unsigned");
        string compilers = words.Contains("char") ? (isUnsigned ? "unsigned char" : words.Contains("signed") ? "signed char" : "char")
            : words.Contains("short") ? (isUnsigned ? "short unsigned int" : "short int")
            : longs > 0 ? string.Concat(Enumerable.Repeat("long ", longs)) + (isUnsigned ? "unsigned int" : "int")
            : isUnsigned ? "unsigned int" : "int";
        return TypeFinder.Find(_machine, compilers)?.Type;
    }

    private ulong Number()
    {
        int start = _at;
        while (_at < _text.Length && char.IsAsciiLetterOrDigit(_text[_at]))
        {
            _at++;
        }

        return AddressExpression.TryParseNumber(_text.AsSpan(start, _at - start), out ulong number) ? number
            : throw Wrong($"'{_text[start.._at]}' is no number: write 0x and hexadecimal, or decimal");
    }

    private string Name(string wanted, bool digits = false) => TryName(digits) ?? throw Wrong(_at >= _text.Length ? $"it ends where {wanted} is wanted"
        : string.Create(CultureInfo.InvariantCulture, $"{wanted} is wanted at '{_text[_at..]}'"));

    private string? TryName(bool digits = false)
    {
        Skip();
        int start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '_' or '$'))
        {
            _at++;
        }

        if (_at == start || (char.IsAsciiDigit(_text[start]) && !digits))
        {
            _at = start;
            return null;
        }

        return _text[start.._at];
    }

    private void Skip()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }
    }

    private bool Take(char wanted) => Take(wanted.ToString());

    private bool Take(string wanted)
    {
        Skip();
        if (!_text.AsSpan(_at).StartsWith(wanted, StringComparison.Ordinal))
        {
            return false;
        }

        _at += wanted.Length;
        return true;
    }

    private void Expect(char wanted)
    {
        if (!Take(wanted))
        {
            throw Wrong(_at >= _text.Length ? $"a {wanted} is missing at its end" : $"a {wanted} is wanted at '{_text[_at..]}'");
        }
    }

    private void End()
    {
        Skip();
        if (_at < _text.Length)
        {
            throw Wrong($"what is '{_text[_at..]}' at its end?");
        }
    }

    private ExpressionException Wrong(string what) => new($"'{_text}' is no expression: {what}", isBadText: true);
}
