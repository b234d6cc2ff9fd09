using System.Reflection;
using System.Runtime.InteropServices;
using DuckDB.NET.Native;

namespace IommuSpy.Sql;

/// <summary>DuckDB's library: no part of this program, found where people put libraries, and loaded when the first question is asked.</summary>
internal static partial class DuckDbLibrary
{
    /// <summary>The variable that names the library's file.</summary>
    public const string Variable = "IOMMU_SPY_DUCKDB";

    /// <summary>By what its functions ask for it.</summary>
    internal const string Name = "duckdb";

    private const string FileName = "libduckdb.so";

    private static readonly Lazy<nint> Handle = new(Load);

    /// <summary>Loads it.</summary>
    /// <exception cref="SqlException">There is none, or it cannot be loaded.</exception>
    public static void Require() => _ = Handle.Value;

    private static nint Load()
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        bool isNamed = !string.IsNullOrEmpty(named);
        if (!(isNamed ? NativeLibrary.TryLoad(named!, out nint library)
            : NativeLibrary.TryLoad(Path.Combine(AppContext.BaseDirectory, FileName), out library) || NativeLibrary.TryLoad(FileName, out library)))
        {
            throw new SqlException(SqlFailure.Library, isNamed
                ? $"{Variable} names {named}, which cannot be loaded as DuckDB's library (a program without a C library can load none)"
                : $"sql needs DuckDB's library, {FileName} (duckdb.org, its C API): put it beside this program or where libraries are, or name it in "
                    + Variable);
        }

        foreach (Assembly assembly in new[] { typeof(NativeMethods).Assembly, typeof(DuckDbLibrary).Assembly })
        {
            NativeLibrary.SetDllImportResolver(assembly, (name, _, _) => name == Name ? library : 0);
        }

        return library;
    }

    /// <summary>A type of records, which the package has no name for.</summary>
    [LibraryImport(Name, EntryPoint = "duckdb_create_struct_type", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial DuckDBLogicalType StructType(nint[] types, string[] names, ulong count);

    /// <summary>Ends what a connection is doing, from another thread.</summary>
    [LibraryImport(Name, EntryPoint = "duckdb_interrupt")]
    internal static partial void Interrupt(DuckDBNativeConnection connection);

    /// <summary>How many columns a statement is answered with.</summary>
    [LibraryImport(Name, EntryPoint = "duckdb_prepared_statement_column_count")]
    internal static partial ulong ColumnCount(DuckDBPreparedStatement statement);

    /// <summary>Of what type one of them is.</summary>
    [LibraryImport(Name, EntryPoint = "duckdb_prepared_statement_column_logical_type")]
    internal static partial DuckDBLogicalType ColumnType(DuckDBPreparedStatement statement, ulong column);

    /// <summary>What one of them is called.</summary>
    internal static string ColumnName(DuckDBPreparedStatement statement, ulong column)
    {
        nint name = NameOf(statement, column);
        string text = Marshal.PtrToStringUTF8(name) ?? "";
        NativeMethods.Helpers.DuckDBFree(name);
        return text;
    }

    [LibraryImport(Name, EntryPoint = "duckdb_prepared_statement_column_name")]
    private static partial nint NameOf(DuckDBPreparedStatement statement, ulong column);
}
