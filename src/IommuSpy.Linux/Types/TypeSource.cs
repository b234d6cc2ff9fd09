using IommuSpy.Linux.Types.Btf;

namespace IommuSpy.Linux.Types;

/// <summary>Which description of a kernel's types is asked for, and where it is found.</summary>
public static class TypeSource
{
    /// <summary>The best that there is: BTF out of memory.</summary>
    public const string Automatic = "auto";

    /// <summary>BTF out of memory and nothing else.</summary>
    public const string Btf = "btf";

    /// <summary>Opens a description.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="request"><see cref="Automatic"/> or <see cref="Btf"/>.</param>
    /// <exception cref="MissingTypeException">There is none.</exception>
    public static KernelTypes Open(LinuxKernel kernel, string request) => request switch
    {
        Automatic or Btf => BtfInMemory.Find(kernel) ?? throw new MissingTypeException("this kernel carries no BTF in its image (kernels do since 5.2)"),
        _ => throw new MissingTypeException($"--types '{request}': write {Automatic} or {Btf}"),
    };
}
