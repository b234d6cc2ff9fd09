using System.Text;
using IommuSpy.Linux.Kallsyms;

namespace IommuSpy.Linux.Types;

/// <summary>The types of one kernel, by whatever describes them. Safe to share between threads.</summary>
/// <remarks>
/// A description may be partial: one that was inferred from the data holds only the fields that were pinned down. A type or field that it lacks is
/// an absence that the caller states; it is never an offset of 0.
/// </remarks>
public abstract class KernelTypes
{
    /// <summary>What describes them: "BTF in memory, 0xffffffff82a1c3d0".</summary>
    public abstract string Origin { get; }

    /// <summary>A structure or union by its tag; null where there is none.</summary>
    public abstract StructType? FindStruct(string tag);

    /// <summary>
    /// A structure by its tag and the path of a field that it has: of several that share a tag, as those of two drivers may, the first that has it. Null where
    /// there is none.
    /// </summary>
    public virtual StructType? FindStruct(string tag, string path) => FindStruct(tag) is { } found && found.Find(path) is not null ? found : null;

    /// <summary>Any other type by its name: an enumeration by its tag, a typedef, an integer; null where there is none.</summary>
    public abstract KernelType? Find(string name);

    /// <summary>The type of a variable by its name; null where it is not described: BTF knows per-CPU variables alone.</summary>
    public virtual KernelType? FindVariable(string name) => null;

    /// <summary>The value of an enumerator of any enumeration: "PG_locked"; null where there is none of that name.</summary>
    public abstract long? FindEnumerator(string name);

    /// <summary>Every type that has a name, each once, in the description's order.</summary>
    public abstract IEnumerable<KernelType> Named { get; }

    /// <summary>Every named type whose whole name matches a glob, where * stands for any characters and ? for one; case counts.</summary>
    public IEnumerable<KernelType> Matching(string glob)
    {
        byte[] pattern = Encoding.Latin1.GetBytes(glob);
        return Named.Where(type => Glob.IsMatch(pattern, Encoding.Latin1.GetBytes(type.Name)));
    }

    /// <summary>A structure or union that a question cannot do without.</summary>
    /// <exception cref="MissingTypeException">There is none of that tag.</exception>
    public StructType Struct(string tag) => FindStruct(tag) ?? throw new MissingTypeException(AbsenceOf(tag));

    /// <summary>Why a type is not described, in one line.</summary>
    public virtual string AbsenceOf(string name) => $"no type '{name}' is described ({Origin})";

    /// <summary>A field of a structure: <see cref="StructType.Find"/>; null where the structure or the field is absent.</summary>
    public Field? FindField(string tag, params ReadOnlySpan<string> paths) => FindStruct(tag)?.Find(paths);
}
