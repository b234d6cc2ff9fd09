using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DuckDB.NET.Native;
using IommuSpy.Catalogue;
using Calls = DuckDB.NET.Native.NativeMethods.TableFunction;

namespace IommuSpy.Sql;

/// <summary>A table as one of DuckDB's functions: it says its columns when a question is read, and is scanned when it is answered.</summary>
internal sealed unsafe class TableFunction : IDisposable
{
    private readonly TableSource _source;
    private readonly Action<Exception> _fail;
    private GCHandle _self;

    /// <summary>Makes a table known to a connection.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="name">The function's name.</param>
    /// <param name="source">The table.</param>
    /// <param name="fail">Told why a reading of it has failed.</param>
    public TableFunction(DuckDBNativeConnection connection, string name, TableSource source, Action<Exception> fail)
    {
        _source = source;
        _fail = fail;
        _self = GCHandle.Alloc(this);
        nint function = Calls.DuckDBCreateTableFunction();
        Calls.DuckDBTableFunctionSetName(function, name);
        Calls.DuckDBTableFunctionSetExtraInfo(function, GCHandle.ToIntPtr(_self), &KeepExtra);
        Calls.DuckDBTableFunctionSetBind(function, &Bind);
        Calls.DuckDBTableFunctionSetInit(function, &Begin);
        Calls.DuckDBTableFunctionSetFunction(function, &Fill);
        Calls.DuckDBTableFunctionSupportsProjectionPushdown(function, true);
        using (DuckDBLogicalType text = NativeMethods.LogicalType.DuckDBCreateLogicalType(DuckDBType.Varchar))
        {
            foreach (Filter filter in source.Filters)
            {
                Calls.DuckDBTableFunctionAddNamedParameter(function, filter.Name, text);
            }
        }

        DuckDBState state = Calls.DuckDBRegisterTableFunction(connection, function);
        Calls.DuckDBDestroyTableFunction(ref function);
        if (!state.IsSuccess())
        {
            throw new SqlException(SqlFailure.Resources, $"DuckDB does not take the table {source.Name}");
        }
    }

    /// <summary>Once no connection asks for it any more.</summary>
    public void Dispose()
    {
        if (_self.IsAllocated)
        {
            _self.Free();
        }
    }

    private static TableFunction Of(nint extra) => (TableFunction)GCHandle.FromIntPtr(extra).Target!;

    // Exceptions do not pass through DuckDB: it is told that something failed, and we keep what.
    private string Failed(Exception e)
    {
        _fail(e);
        return e.Message;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void KeepExtra(nint extra)
    {
        // The session frees it, after the database.
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Bind(nint info)
    {
        TableFunction self = Of(Calls.DuckDBBindGetExtraInfo(info));
        try
        {
            foreach (Column column in self._source.Table.Columns)
            {
                using DuckDBLogicalType type = VectorWriter.TypeOf(column);
                Calls.DuckDBBindAddResultColumn(info, column.Name, type);
            }

            Calls.DuckDBBindSetBindData(info, GCHandle.ToIntPtr(GCHandle.Alloc(self.Parts(info))), &EndParts);
        }
        catch (Exception e)
        {
            Calls.DuckDBBindSetError(info, self.Failed(e));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Begin(nint info)
    {
        TableFunction self = Of(Calls.DuckDBInitGetExtraInfo(info));
        try
        {
            int[] columns = new int[(int)Calls.DuckDBInitGetColumnCount(info)];
            for (int i = 0; i < columns.Length; i++)
            {
                // A count of rows wants none of the columns, and says so by a number that none has.
                columns[i] = (int)Math.Min(Calls.DuckDBInitGetColumnIndex(info, (ulong)i), int.MaxValue);
            }

            var parts = (List<(Filter, string)>)GCHandle.FromIntPtr(Calls.DuckDBInitGetBindData(info)).Target!;
            Calls.DuckDBInitSetInitData(info, GCHandle.ToIntPtr(GCHandle.Alloc(new TableScan(self._source, columns, parts))), &End);
        }
        catch (Exception e)
        {
            Calls.DuckDBInitSetError(info, self.Failed(e));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Fill(nint info, nint output)
    {
        TableFunction self = Of(Calls.DuckDBFunctionGetExtraInfo(info));
        try
        {
            TableScan scan = (TableScan)GCHandle.FromIntPtr(Calls.DuckDBFunctionGetInitData(info)).Target!;
            using DuckDBDataChunk chunk = new(output);
            _ = NativeMethods.DataChunks.DuckDBDataChunkSetSize(chunk, scan.Fill(output));
        }
        catch (Exception e)
        {
            Calls.DuckDBFunctionSetError(info, self.Failed(e));
        }
    }

    // What the question names of the table: vmas(pid := 1).
    private List<(Filter Filter, string Text)> Parts(nint info)
    {
        List<(Filter, string)> parts = [];
        foreach (Filter filter in _source.Filters)
        {
            using DuckDBValue value = Calls.DuckDBBindGetNamedParameter(info, filter.Name);
            if (!value.IsInvalid && !NativeMethods.Value.DuckDBIsNullValue(value))
            {
                parts.Add((filter, NativeMethods.Value.DuckDBGetVarchar(value)));
            }
        }

        return parts;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void EndParts(nint parts) => GCHandle.FromIntPtr(parts).Free();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void End(nint scan)
    {
        GCHandle handle = GCHandle.FromIntPtr(scan);
        ((TableScan)handle.Target!).Dispose();
        handle.Free();
    }
}
