namespace IommuSpy.Linux.Types;

/// <summary>
/// A C type as the kernel's compiler laid it out. Types refer to one another in circles, so what a type refers to is looked up when it is asked for. Immutable;
/// safe to share between threads.
/// </summary>
/// <param name="name">The C name without struct, union or enum; empty for a type without one.</param>
public abstract class KernelType(string name)
{
    // No C type is a typedef of so many others; damaged descriptions go round in circles.
    internal const int MaxChain = 64;

    /// <summary>The C name without struct, union or enum; empty for a type without one.</summary>
    public string Name { get; } = name;

    /// <summary>sizeof, in bytes; 0 for void, functions, and what is only declared.</summary>
    public ulong Bytes => BytesWithin(MaxChain);

    /// <summary>The type itself: what typedefs, const and volatile stand for.</summary>
    public KernelType Resolved
    {
        get
        {
            KernelType type = this;
            for (int i = 0; i < MaxChain && type.Alias is KernelType target; i++)
            {
                type = target;
            }

            return type.Alias is null ? type : VoidType.Instance;
        }
    }

    /// <summary>As C writes it: "struct page", "const char *", "u32 [4]".</summary>
    public override string ToString() => Declare("");

    /// <summary>A declaration of something of this type, as C writes it: "int (*handler)(struct device *)".</summary>
    /// <param name="declared">What is declared: a member's name; empty for the type alone.</param>
    public string Declare(string declared) => DeclareWithin(declared, MaxChain);

    /// <summary>What a typedef or a qualified type stands for; null for other types.</summary>
    internal virtual KernelType? Alias => null;

    /// <summary>sizeof, through at most so many types that only refer to another; 0 where it takes more.</summary>
    internal abstract ulong BytesWithin(int depth);

    /// <summary>A declaration, through at most so many types that refer to another.</summary>
    internal abstract string DeclareWithin(string declared, int depth);

    /// <summary>A declaration of a type that has a name, or a keyword and a name.</summary>
    internal static string Named(string type, string declared) => declared.Length == 0 ? type : $"{type} {declared}";
}
