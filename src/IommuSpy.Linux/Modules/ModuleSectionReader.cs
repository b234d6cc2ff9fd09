using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Modules;

/// <summary>Reads where a module's sections were loaded to: what is behind /sys/module/NAME/sections (kernel/module/sysfs.c).</summary>
internal static class ModuleSectionReader
{
    private const int MaxSections = 4096;
    private const int MaxNameBytes = 128;

    public static IReadOnlyList<ModuleSection> Read(KernelObjects objects, VirtualAddress module, ModuleFields fields)
    {
        List<ModuleSection> sections = [];
        if (objects.Pointer(module, fields.Sections) is not VirtualAddress table || objects.Types.FindStruct("module_sect_attrs") is not StructType attributes
            || attributes.Find("attrs") is not Field first || first.Type.Resolved is not ArrayType array || array.Element.Resolved is not StructType element)
        {
            return sections;
        }

        // struct module_sect_attr before 5.8, and until 6.13 with a bin_attribute in it; since then the array is of bin_attribute, and private is the address.
        Field? name = element.Find("name", "battr.attr.name", "attr.name");
        Field? address = element.Find("address", "private");
        ulong count = objects.Read(table, attributes.Find("nsections")) ?? Listed(objects, table, attributes);
        WorkAllowance allowance = new(objects.Kernel.Memory.Budget, Work.Steps, MaxSections);
        for (ulong i = 0; i < count && allowance.TryUse(); i++)
        {
            VirtualAddress entry = table + first.Offset + (i * element.Bytes);
            if (objects.Pointer(entry, name) is not VirtualAddress text || objects.Text(text, MaxNameBytes) is not { Length: > 0 } section
                || objects.Read(entry, address) is not ulong place)
            {
                break;
            }

            sections.Add(new(section, new(place)));
        }

        allowance.Finish();
        return sections;
    }

    // Without a count there is the group's list of pointers, which ends with a null.
    private static ulong Listed(KernelObjects objects, VirtualAddress table, StructType attributes)
    {
        ulong count = 0;
        if (objects.Pointer(table, attributes.Find("grp.bin_attrs", "grp.bin_attrs_new")) is VirtualAddress list)
        {
            while (count < MaxSections && objects.Pointer(list + (count * sizeof(ulong))) is not null)
            {
                count++;
            }
        }

        return count;
    }
}
