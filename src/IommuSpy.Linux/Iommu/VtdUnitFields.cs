using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Iommu;

/// <summary>
/// The fields of struct intel_iommu (drivers/iommu/intel/iommu.h; include/linux/intel-iommu.h before 6.1) that are read. Null: this kernel has none of that
/// name.
/// </summary>
internal sealed record VtdUnitFields(
    Field? Name, Field? Root, Field? Command, Field? Capabilities, Field? ExtendedCapabilities, Field? InterruptTable, Field? InterruptEntries,
    Field? RegisterBytes, Field? Flags, Field? CopiedTables)
{
    /// <summary>Looks up the fields in a description of types.</summary>
    /// <exception cref="MissingTypeException">Nothing describes struct intel_iommu.</exception>
    public static VtdUnitFields Of(KernelTypes types)
    {
        StructType unit = types.Struct("intel_iommu");
        return new(
            unit.Find("name"), unit.Find("root_entry"), unit.Find("gcmd"), unit.Find("cap"), unit.Find("ecap"), unit.Find("ir_table"),
            types.FindField("ir_table", "base"), unit.Find("reg_size"), unit.Find("flags"), unit.Find("copied_tables"));
    }
}
